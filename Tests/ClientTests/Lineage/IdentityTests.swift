import Foundation
import NIOCore
import Testing
import Wire

@testable import Holdfast

/// The hashes by which invocations are known: those of `Tests/Vectors/lineage.json` are the Python client's, too.
struct IdentityTests {
    private struct Vectors: Decodable {
        struct Constant: Decodable {
            let value: JSONValue
            let hash: String
        }

        struct Function: Decodable {
            let name: String
            let version: String
            let outputs: Int
            let hash: String
        }

        struct Call: Decodable {
            let function: String
            let output: Int
            let arguments: [String: String]
            let hash: String
        }

        let constants: [Constant]
        let functions: [Function]
        let invocations: [Call]
    }

    private func vectors() throws -> Vectors {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Vectors/lineage.json")
        return try JSONCoding.decode(from: ByteBuffer(bytes: try Data(contentsOf: file)))
    }

    /// A constant whose type the file says: `{"int": "1"}`, `{"float": bytes}`, `{"list": […]}`, `{"plain": …}`.
    private func form(_ value: JSONValue) throws -> ArgumentForm {
        guard case .object(let members) = value, let (kind, content) = members.first else {
            throw HoldfastError(.invalidValue, "\(value)")
        }
        switch (kind, content) {
        case ("int", .string(let digits)): return .integer(digits)
        case ("float", .string(let hex)):
            let bits = try #require(UInt64(hex, radix: 16))
            return .number(Double(bitPattern: bits.byteSwapped))
        case ("list", .array(let items)): return .list(try items.map(form))
        case ("plain", .null): return .null
        case ("plain", .bool(let value)): return .bool(value)
        case ("plain", .string(let text)): return .string(text)
        default: throw HoldfastError(.invalidValue, "\(value)")
        }
    }

    @Test func constantsHaveTheHashesThatPythonGivesThem() throws {
        let constants = try vectors().constants
        #expect(constants.count > 50)
        for constant in constants {
            #expect(try form(constant.value).digest().hex == constant.hash, "\(constant.value)")
        }
    }

    @Test func aDeclaredVersionIsTheSameFunctionInPython() throws {
        for function in try vectors().functions {
            let identity = FunctionIdentity(
                name: function.name,
                version: function.version,
                outputs: function.outputs,
                parameters: [],
                reason: nil
            )
            #expect(identity.hash.hex == function.hash, "\(function)")
        }
    }

    @Test func invocationsHaveTheHashesThatPythonGivesThem() throws {
        for call in try vectors().invocations {
            let hash = Invocation.lineageHash(
                function: try #require(Digest(hex: call.function)),
                output: call.output,
                arguments: try call.arguments.mapValues { try #require(Digest(hex: $0)) }
            )
            #expect(hash == call.hash, "\(call)")
        }
    }

    @Test func swiftValuesAreTheConstantsThatTheyLookLike() throws {
        #expect(try (1 as Int8).argumentForm.digest() == UInt64(1).argumentForm.digest())
        #expect(try 1.argumentForm.digest() != 1.0.argumentForm.digest())
        #expect(try true.argumentForm.digest() != 1.argumentForm.digest())
        #expect(try Int?.none.argumentForm.digest() == ArgumentForm.null.digest())
        #expect(try [[1, 2]].argumentForm.digest() != [[1], [2]].argumentForm.digest())
        #expect(Float(0.5).argumentValue == 0.5)
    }

    // MARK: By its source

    private func table(isFast: Bool = false, type: String = "00") -> SourceTable {
        SourceTable(
            entries: [
                .init(name: "f", file: "A/a.swift", line: 3, hash: "ab", parameters: ["x"], parts: [0], conditions: [0])
            ],
            types: [.init(name: "Raw", hash: type, conditions: [])],
            parts: [(name: "func f", hash: "12")],
            conditions: [(text: "FAST", isTrue: isFast)]
        )
    }

    private func identity(
        _ table: SourceTable,
        types: [String] = ["A.Raw"],
        outputs: Int = 1
    ) throws -> FunctionIdentity {
        try table.identity(of: "f", file: "A/a.swift", line: 3, types: types, outputs: outputs)
    }

    @Test func aFunctionIsItsSourceItsTypesAndHowItWasCompiled() throws {
        let plain = try identity(table())
        #expect(try identity(table()).hash == plain.hash && plain.parameters == ["x"])
        #expect(plain.parts == ["func f": "12", "type Raw": "00", "#if FAST": "false"])
        #expect(try identity(table(isFast: true)).hash != plain.hash)
        #expect(try identity(table(type: "01")).hash != plain.hash)
        #expect(
            try identity(table(type: "01"), types: ["Swift.Array<A.Other>"]).hash == identity(table(), types: []).hash
        )
        #expect(try identity(table(), types: ["Swift.Array<A.Raw>"]).hash == plain.hash)
        #expect(try identity(table(), outputs: 2).hash != plain.hash)
    }

    @Test(arguments: [("g", "A/a.swift", 3), ("f", "A/b.swift", 3), ("f", "A/a.swift", 4)])
    func aCallThatThePluginHasNotSeenHasNoIdentity(name: String, file: String, line: UInt) {
        let error = #expect(throws: HoldfastError.self) {
            try table().identity(of: name, file: file, line: line, types: [], outputs: 1)
        }
        #expect(error?.code == .noIdentity)
    }
}
