import Testing

@testable import SourceHashTool

/// Which functions thunks are given, and which can't be.
struct ThunkCallTests {
    private func thunks(_ source: String) throws -> [Generator.Found] {
        try Generator(Fixture.project(["App": ["A.swift": source]])).thunks()
    }

    @Test(
        arguments: [
            ("let t = Thunk(\"f\", f)\nfunc f(_ a: Raw, low b: Double, c: Int) {}", ["a", "low", "c"]),
            (
                "let t = Thunk(\"f\", Filters.f)\nenum Filters { static func f(x: Raw) {} }\nenum Other { static func f(y: Raw) {} }",
                ["x"]
            ),
            (
                "let t = Thunk(\"f\", f(_:low:))\nfunc f(_ a: Raw, low: Int) {}\nfunc f(_ a: Raw, high: Int) {}",
                ["a", "low"]
            ),
            ("let t = Thunk(\"f\") { (a: Raw, b: Double) in a }", ["a", "b"]),
            ("let t = Thunk(\"f\") { a, b in a }", ["a", "b"]),
            ("let t = Thunk(\"f\", { $0.x + $1 })", ["0", "1"]),
            (
                "let t = Thunk<Computed<Raw>, Raw>(\n    \"f\",\n    f\n)\nfunc f(_ a: @escaping (Int, Int) -> Int, b: (Int)) {}",
                ["a", "b"]
            ),
        ]
    )
    func theParametersOfTheFunctionAreFound(source: String, names: [String]) throws {
        #expect(try thunks(source).map(\.parameters) == [names])
    }

    @Test func oneThatSaysItsVersionNeedsNoSource() throws {
        #expect(try thunks("let t = Thunk(name, version: 3, f)\nlet u: Thunk<Int, Int>? = nil").isEmpty)
    }

    @Test(
        arguments: [
            ("let t = Thunk(name, f)", "a string"), ("let t = Thunk(\"f\\(1)\", f)", "a string"),
            ("let t = Thunk(\"f\")", "is made as"),
            ("func make(k: Int) { let t = Thunk(\"f\") { (x: Raw) in x * k } }", "captures k"),
            ("func make() { func inner(_ x: Raw) {}\n let t = Thunk(\"f\", inner) }", "captures inner"),
            ("func make() { let f = { $0 }\n let t = Thunk(\"f\", f) }", "captures f"),
            (
                "struct S { let k = 1\n func f(_ x: Raw) {}\n func make() { let t = Thunk(\"f\", f) } }",
                "instance whose f"
            ),
            ("struct S { func f(_ x: Raw) {}\n func make() { let t = Thunk(\"f\", self.f) } }", "captures self"),
            ("let t = Thunk(\"f\", f)\nfunc f(_ a: Raw) {}\nfunc f(b: Raw) {}", "several functions"),
        ]
    )
    func oneWhoseFunctionCanNotBeToldIsAnError(source: String, message: String) throws {
        let error = #expect(throws: SourceError.self) { try thunks(source) }
        #expect(
            error.map { "\($0)".contains(message) && $0.file == "A.swift" } ?? false,
            "\(String(describing: error))"
        )
    }

    @Test func aVariableThatCanChangeIsWarnedOf() throws {
        let source = """
            let t = Thunk("f", f)
            var gain = 1.0
            var twice: Double { gain * 2 }
            struct S { static var shared = 1; var own = 2 }
            func f(_ a: Raw) { gain + twice + S.shared + S(own: 2).own }
            """
        let warnings = try Generator(Fixture.project(["App": ["A.swift": source]])).warnings()
        #expect(
            warnings.count == 2 && warnings[0].hasPrefix("A.swift:1: warning: the thunk \"f\" may read var S.shared")
        )
        #expect(warnings[1].contains("may read var gain"))
    }

    @Test func conditionsOfWhatIsReachedCount() throws {
        let source = """
            let t = Thunk("f", f)
            func f(_ a: Raw) { gain; S.one }
            #if FAST
            let gain = 1
            #elseif SLOW
            let gain = 2
            #endif
            enum S {
                #if os(Linux)
                static let one = 1
                #else
                static let one = 2
                #endif
            }
            #if OTHER
            func unrelated() {}
            #endif
            """
        #expect(try thunks(source)[0].reach.conditions == ["FAST", "SLOW", "os(Linux)"])
    }

    @Test func whatIsWrittenNamesConditionsAndParts() throws {
        let source = "let t = Thunk(\"f\", f)\nfunc f(_ a: Raw) {\n#if DEBUG && os(Linux)\n#endif\n}"
        let text = try Generator(Fixture.project(["App": ["A.swift": source]])).source()
        #expect(
            text.contains("#if DEBUG && os(Linux)\n") && text.contains("\"func f\"")
                && text.contains("file: \"App/A.swift\", line: 1")
        )
    }
}
