import Testing

@testable import Wire

@Suite struct JSONValueTests {
    @Test(
        arguments: [
            .null, true, false, 0, -7, .integer(.max), .integer(.min), 0.5, -1e300, "", "é\u{301}\"\\\n/", "NaN", [],
            [:],
            [1, "a", [.null, [true]]], ["a": 1, "b": ["c": [1.5, .null]], "": [:]],
        ] as [JSONValue]
    )
    func valuesComeBackAsTheyWere(value: JSONValue) throws {
        #expect(try decoded(try encoded(value)) == value)
    }

    @Test func keysAreSortedAndSlashesStay() throws {
        #expect(try encoded(["b": 1, "a": "x/y"] as JSONValue) == #"{"a":"x/y","b":1}"#)
    }

    @Test func wholeNumbersAreIntegersAndLargerOnesNumbers() throws {
        #expect(try decoded("5") == JSONValue.integer(5))
        #expect(try decoded("9223372036854775807") == JSONValue.integer(.max))
        #expect(try decoded("9223372036854775808") == JSONValue.number(9_223_372_036_854_775_808))
        #expect(try decoded("true") == JSONValue.bool(true))
        #expect(try decoded("1") == JSONValue.integer(1))
    }

    @Test(arguments: [(Double.nan, "NaN"), (.infinity, "Infinity"), (-.infinity, "-Infinity")])
    func numbersThatJSONLacksAreStrings(value: Double, text: String) throws {
        #expect(try encoded([value]) == #"["\#(text)"]"#)
        #expect(try encoded([JSONValue.number(value)]) == #"["\#(text)"]"#)
        let again: [Double] = try decoded(#"["\#(text)"]"#)
        #expect(again[0] == value || again[0].isNaN && value.isNaN)
    }

    @Test func otherStringsAreNoNumbers() {
        #expect(throws: WireError.self) { let _: [Double] = try decoded(#"["nan"]"#) }
        #expect(throws: WireError.self) { let _: [Double] = try decoded(#"["1"]"#) }
    }
}
