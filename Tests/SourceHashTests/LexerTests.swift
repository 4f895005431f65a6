import Testing

@testable import SourceHashTool

/// Tokens and the digest over them.
struct LexerTests {
    private func texts(_ source: String) throws -> [String] {
        try Lexer.tokens(of: source, file: "a.swift").map(\.text)
    }

    @Test(
        arguments: [
            ("a/*x /* y */ z*/b // c", ["a", "b"]),
            ("1...3 1.5e-3 0x1F.8p2 pair.0.1", ["1", "...", "3", "1.5e-3", "0x1F.8p2", "pair", ".", "0", ".", "1"]),
            ("\"a\\(b(\"c\"))d\"", ["\"", "a", "\\(", "b", "(", "\"", "c", "\"", ")", ")", "d", "\""]),
            ("#\"a\\(b)\"#", ["\"", "a\\(b)", "\"#"]), ("let r = /a\"b/", ["let", "r", "=", "/a\"b/"]),
            ("a / b / c", ["a", "/", "b", "/", "c"]),
            ("`default`.x", ["default", ".", "x"]), ("#if A\nb", ["#", "if", "A", "", "b"]),
            ("ü + 🧪", ["ü", "+", "🧪"]),
        ]
    )
    func sourceIsCutIntoTokens(source: String, tokens: [String]) throws {
        #expect(try texts(source) == tokens)
    }

    @Test func aLongStringLosesTheIndentationOfItsEnd() throws {
        let one = try texts("\"\"\"\n    a\n      b\n    \"\"\"")
        #expect(try one == texts("\"\"\"\n  a\n    b\n  \"\"\"") && one != texts("\"\"\"\n  a\n  b\n  \"\"\""))
    }

    @Test(arguments: [
        ("a - b", Token.Kind.infixOperator), ("a -b", .prefixOperator), ("a-b", .infixOperator),
        ("a- b", .postfixOperator),
    ])
    func theSpaceAroundAnOperatorSaysWhatItIs(source: String, kind: Token.Kind) throws {
        #expect(try Lexer.tokens(of: source, file: "a.swift")[1].kind == kind)
    }

    @Test(arguments: ["\"a", "/* a", "\"\\(a\"", "`a", "\"\"\"\na", "a \u{1} b"])
    func whatIsNotUnderstoodIsAnError(source: String) {
        #expect(throws: SourceError.self) { try Lexer.tokens(of: source, file: "a.swift") }
    }

    @Test(arguments: ["struct A {", "func f() { ( }", "}", "struct A"])
    func bracketsThatDoNotMatchAreAnError(source: String) {
        #expect(throws: SourceError.self) {
            try Parser.declarations(in: try Lexer.tokens(of: source, file: "a.swift"), file: "a.swift")
        }
    }

    @Test(
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (String(repeating: "a", count: 119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"),
        ]
    )
    func digestsAreThoseOfTheStandard(text: String, digest: String) {
        let bytes = SHA256.hash(Array(text.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        #expect(bytes.joined() == digest)
    }
}
