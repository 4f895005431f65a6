import Testing

@testable import Wire

@Suite struct JSONScannerTests {
    private func members(_ text: String) throws(JSONScanner.Failure) -> [String: String]? {
        let bytes = Array(text.utf8)
        return try JSONScanner.members(of: bytes)?.mapValues { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test func membersAreFoundWithTheirBytes() throws {
        let found = try members(#" { "a" : [1, {"b": 2}] ,"c":"x\"}", "d": {} , "e":-1.5e+3,"f":null}"#)
        #expect(found == ["a": #"[1, {"b": 2}]"#, "c": #""x\"}""#, "d": "{}", "e": "-1.5e+3", "f": "null"])
        #expect(try members("{}") == [:])
    }

    @Test func theLastOfEqualKeysWins() throws { #expect(try members(#"{"a":1,"a":2}"#) == ["a": "2"]) }

    @Test func escapedKeysAreTheKeysTheyMean() throws {
        #expect(try members(#"{"\u0069d":1,"a\"b":2,"\n":3}"#) == ["id": "1", "a\"b": "2", "\n": "3"])
        #expect(try members(#"{"\ud800":1}"#)?.count == 1)
    }

    @Test(arguments: ["[]", #" [1, {"a": [true, false, null]}] "#, "null", "true", "1", #""a""#])
    func otherValuesAreNoObject(text: String) throws {
        #expect(try members(text) == nil)
    }

    @Test(
        arguments: [
            "0", "-0", "7", "-12", "0.5", "10.25", "1e9", "1E+9", "2.5e-3", "true", "false", "null", #""""#, "[]", "{}",
            #""\u00e9\\\/\b\f\n\r\t""#, "\"é漢🙂\"", "[[],[]]", "[1 , 2]",
        ])
    func validValuesPass(value: String) throws {
        #expect(try members(#"{"v":\#(value)}"#) == ["v": value])
    }

    @Test(
        arguments: [
            "", " ", "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{a:1}"#,
            #"{'a':1}"#, #"{"a":1}x"#, #"{"a":1}{"b":2}"#, #"{"a" 1}"#, #"{"a":1 "b":2}"#, "[", "[1", "[1,]", "[,1]",
            #"{"a":01}"#, #"{"a":-01}"#, #"{"a":00}"#, #"{"a":+1}"#, #"{"a":.5}"#, #"{"a":1.}"#, #"{"a":1e}"#,
            #"{"a":1e+}"#, #"{"a":-}"#, #"{"a":0x1}"#, #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":-Infinity}"#,
            #"{"a":tru}"#, #"{"a":True}"#, #"{"a":nul}"#, #"{"a":"}"#, #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#,
            #"{"a":"\u12"}"#, "{\"a\":\"\n\"}", "{\"a\":\"\0\"}", #"{"a":[1}"#, #"{"a":{]}"#,
            "\u{FEFF}{}", "{}\0", "//x\n{}", #"{"a":1/**/}"#,
        ])
    func whatIsNoJSONFails(text: String) {
        #expect(throws: JSONScanner.Failure.self) { try members(text) }
    }

    @Test func nestingIsBounded() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            #"{"a":"# + String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth) + "}"
        }
        let deepest = JSONScanner.maximumDepth - 2
        #expect(try members(nested(deepest, "[", "]")) != nil)
        #expect(try members(nested(deepest, #"{"b":"#, "}")) != nil)
        #expect(throws: JSONScanner.Failure.self) { try members(nested(deepest + 1, "[", "]")) }
        #expect(throws: JSONScanner.Failure.self) { try members(nested(deepest + 1, #"{"b":"#, "}")) }
        #expect(throws: JSONScanner.Failure.self) { try members(String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONScanner.Failure.self) { try members(String(repeating: #"{"a":"#, count: 100_000)) }
    }

    @Test func invalidUTF8Fails() {
        for bytes in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]] {
            let text = Array(#"{"a":""#.utf8) + bytes + Array(#""}"#.utf8)
            #expect(throws: JSONScanner.Failure.self) { try JSONScanner.members(of: text) }
        }
    }

    @Test func aFailureSaysWhere() {
        let failure = #expect(throws: JSONScanner.Failure.self) { try members(#"{"a":1,"b":?}"#) }
        #expect(failure?.offset == 11)
    }
}
