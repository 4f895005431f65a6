import NIOCore
import Testing
import Wire

@testable import Server

struct WelcomeTests {
    private func greet(_ params: String, token: String? = nil, _ data: TestData) async throws -> Response.Outcome {
        let payload = #"{"jsonrpc":"2.0","id":1,"method":"hello","params":\#(params)}"#
        let request = try Request(try Frame(payload: ByteBuffer(string: payload)))
        let logins = Logins(gate: Gate(token: token), audit: AuditLog(catalog: data.catalog))
        return await Welcome(logins: logins, catalog: data.catalog, limits: FrameLimits()).outcome(
            of: request,
            from: nil
        ).answer
    }

    private func result(_ outcome: Response.Outcome) throws -> Hello.Result {
        switch outcome {
        case .failure(let error): throw error
        case .result(let bytes, _): return try JSONCoding.decode(Hello.Result.self, from: bytes)
        }
    }

    private func refusal(_ outcome: Response.Outcome) -> WireError? {
        guard case .failure(let error) = outcome else { return nil }
        return error
    }

    @Test func helloTellsTheServerAndItsLimits() async throws {
        let result = try result(await greet(#"{"protocol":1,"client":"test/1"}"#, TestData()))
        #expect(result.protocolVersion == 1)
        #expect(result.server == "holdfast/\(holdfastVersion)")
        #expect(result.limits == FrameLimits())
        #expect(result.producer == nil)
    }

    @Test func helloTellsWhereAProducerStands() async throws {
        let data = try TestData()
        let params = #"{"protocol":1,"client":"test/1","producer":"\#(TestData.producer)"}"#
        #expect(try result(await greet(params, data)).producer?.lastSeq == 0)
        try await data.call(RunsStart(runID: "a"), stamp: ProducerStamp(producer: TestData.producer, seq: 1))
        #expect(try result(await greet(params, data)).producer?.lastSeq == 1)
    }

    @Test(arguments: ["null", "0", "2", "99999"])
    func anotherProtocolIsRefusedWithThoseThatAreSpoken(number: String) async throws {
        let outcome = try await greet(#"{"protocol":\#(number),"something":"else"}"#, TestData())
        #expect(refusal(outcome)?.kind == .unsupportedProtocol)
        #expect(refusal(outcome)?.details["supported"] == [1])
    }

    @Test(arguments: [
        (#"{"protocol":1,"client":"c"}"#, false), (#"{"protocol":1,"client":"c","token":"no"}"#, false),
        (#"{"protocol":1,"client":"c","token":""}"#, false), (#"{"protocol":1,"client":"c","token":"yes"}"#, true),
    ])
    func theTokenDecides(params: String, isAdmitted: Bool) async throws {
        let error = refusal(try await greet(params, token: "yes", TestData()))
        #expect(error?.kind == (isAdmitted ? nil : .unauthorized))
        #expect(error?.isFinal != true)
    }

    @Test(arguments: [#"{"protocol":1}"#, #"{"protocol":1,"client":"c","producer":"two words"}"#, "[]"])
    func aBadHelloIsRefused(params: String) async throws {
        #expect(refusal(try await greet(params, TestData()))?.kind == .invalidParams)
    }
}
