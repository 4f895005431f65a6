import NIOCore
import Testing

@testable import Wire

@Suite struct ColumnTests {
    @Test func stringsAreCodedOnceEach() throws {
        let column = try StringColumn(["b", nil, "a", "b", nil])
        #expect(column.values == ["b", "a"])
        #expect(try column.decodedCodes(count: 5) == [0, 2, 1, 0, 2])
        #expect(try column.strings(count: 5) == ["b", nil, "a", "b", nil])
    }

    @Test func stringsThatDifferOnlyInNormalisationStayApart() throws {
        let strings = ["caf\u{E9}", "cafe\u{301}", "caf\u{E9}"]
        let column = try StringColumn(strings)
        #expect(column.values.map { Array($0.utf8) } == strings.prefix(2).map { Array($0.utf8) })
        #expect(try column.decodedCodes(count: 3) == [0, 1, 0])
    }

    @Test func emptyColumnsAndColumnsOfNullsAreLegal() throws {
        #expect(try StringColumn([]).strings(count: 0) == [])
        #expect(try StringColumn([nil, nil]).strings(count: 2) == [nil, nil])
    }

    @Test(arguments: ["uint8", "uint16", "uint32"]) func codesHaveAnyUnsignedWidth(dtype: String) throws {
        let width = try #require(DType(rawValue: dtype)).itemSize
        let code = [UInt8(1)] + Array(repeating: 0, count: width - 1)
        let null = [UInt8(2)] + Array(repeating: 0, count: width - 1)
        let json = #"{"values":["x","y"],"codes":{"dtype":"\#(dtype)","shape":[2],"attachment":0}}"#
        let column: StringColumn = try decoded(json, attachments: [code + null])
        #expect(try column.strings(count: 2) == ["y", nil])
    }

    @Test func codesOutOfRangeOrOfAnotherKindAreRefused() throws {
        func column(_ codes: ArrayValue) throws -> StringColumn {
            let base64 = try encoded(codes)
            return try decoded(#"{"values":["x"],"codes":\#(base64)}"#)
        }
        #expect(throws: ArrayError.self) { try column(ArrayValue([2] as [UInt8])).strings(count: 1) }
        #expect(throws: ArrayError.self) { try column(ArrayValue([0] as [Int32])).strings(count: 1) }
        #expect(throws: ArrayError.self) { try column(ArrayValue([0.0])).strings(count: 1) }
        #expect(throws: ArrayError.self) { try column(ArrayValue([0, 0] as [UInt8])).strings(count: 1) }
        #expect(throws: ArrayError.self) { try column(ArrayValue([0] as [UInt8], shape: [1, 1])).strings(count: 1) }
    }

    @Test func aNumericColumnIsAnArrayOrAnArrayWithAMask() throws {
        let plain: NumericColumn = try decoded(#"{"dtype":"uint8","shape":[2],"base64":"AQI="}"#)
        #expect(plain.values.integers() == [1, 2])
        #expect(try plain.mask(count: 2) == nil)
        let json =
            #"{"values":{"dtype":"uint8","shape":[2],"base64":"AQI="},"#
            + #""valid":{"dtype":"bool","shape":[2],"base64":"AAE="}}"#
        let masked: NumericColumn = try decoded(json)
        #expect(try masked.mask(count: 2) == [false, true])
        #expect(throws: ArrayError.self) { try masked.mask(count: 3) }
        for column in [plain, masked] {
            let again: NumericColumn = try decoded(try encoded(column))
            #expect(again == column)
        }
    }

    @Test func aMetricsColumnIsWhatItsMembersSay() throws {
        let strings: MetricsAppend.Column = try decoded(
            #"{"values":["a"],"codes":{"dtype":"uint8","shape":[1],"base64":"AA=="}}"#
        )
        let numbers: MetricsAppend.Column = try decoded(#"{"dtype":"uint8","shape":[1],"base64":"AQ=="}"#)
        guard case .strings = strings, case .numbers = numbers else {
            Issue.record("codes make a string column")
            return
        }
    }
}
