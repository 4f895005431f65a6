import Testing

@testable import SourceHashTool

/// What must run again, and what must not: one thing is changed at a time.
struct InvalidationTests {
    struct Edit: CustomTestStringConvertible, Sendable {
        let what: String
        let module: String
        let file: String
        let old: String
        let new: String

        init(_ what: String, _ file: String, _ old: String, _ new: String, module: String = "App") {
            self.what = what
            self.module = module
            self.file = file
            self.old = old
            self.new = new
        }

        var testDescription: String { what }
    }

    static let changes = [
        Edit("body", "App.swift", "total / 2", "total / 3"),
        Edit("body: operator's side", "App.swift", "total / 2", "total /-2"),
        Edit("body: a line that is a statement of its own", "App.swift", "value <+> mean", "value\n+mean"),
        Edit("body: string", "App.swift", "[low,", "[Double(\"1\")!, low,"),
        Edit("another function of a local name", "App.swift", "count > 0", "scaled > 0"),
        Edit("default argument", "App.swift", "= defaultLow", "= 30"),
        Edit("what a default argument names", "Helpers.swift", "defaultLow = 20.0", "defaultLow = 21.0"),
        Edit("parameter's label", "App.swift", "low: Double", "low cutoff: Double"),
        Edit("helper", "Helpers.swift", "inner(x) + libr", "inner(x) - libr"),
        Edit("helper of a helper, which is private", "Helpers.swift", "x * 2", "x * 3"),
        Edit("order of cases", "Helpers.swift", "big > 10", "big > 11"),
        Edit("global constant", "Helpers.swift", "gain = 2.0", "gain = 3.0"),
        Edit("operator", "Helpers.swift", "left + right", "right + left"),
        Edit("operator's precedence", "Helpers.swift", "AdditionPrecedence", "MultiplicationPrecedence"),
        Edit(
            "another operator of the same name",
            "Types.swift",
            "struct Filtered",
            "func + (l: Raw, r: Raw) -> Raw { l }\nstruct Filtered"
        ),
        Edit("operator that only sorting calls", "Types.swift", "left.samples.count <", "left.samples.count >"),
        Edit("method of a type", "Types.swift", "samples.max()", "samples.min()"),
        Edit("static method of a type", "Types.swift", "Raw(samples: [])", "Raw(samples: [1])"),
        Edit(
            "static function of a type that is named",
            "Types.swift",
            "func tool(_ x: Double) -> Double { x }",
            "func tool(_ x: Double) -> Double { -x }"
        ),
        Edit("type of a case", "Types.swift", "enum Mode {", "enum Mode: String {"),
        Edit(
            "stored property",
            "Types.swift",
            "struct Filtered { var samples",
            "struct Filtered { var more = 0; var samples"
        ),
        Edit("protocol's default method", "Types.swift", "$0 + $1 * $1", "$0 + $1"),
        Edit("what conforms", "Types.swift", "struct Raw: Signal, Comparable", "struct Raw: Signal, Hashable"),
        Edit("extension of an array", "Helpers.swift", "self[0]", "self[1]"),
        Edit("extension's condition", "Helpers.swift", "where Element == Double", "where Element: BinaryFloatingPoint"),
        Edit("property wrapper", "Types.swift", "min(value, 1)", "min(value, 2)"),
        Edit("attribute", "App.swift", "@Clamped var", "var"),
        Edit(
            "attribute of the function",
            "App.swift",
            "@Sendable func bandpass",
            "@Sendable @inline(never) func bandpass"
        ),
        Edit("macro", "Lib.swift", "ScaledMacro\")", "OtherMacro\")", module: "Lib"),
        Edit("macro's implementation", "Macros.swift", "\"1\"", "\"2\"", module: "Macros"),
        Edit("function of another module", "Lib.swift", "x + offset", "x - offset", module: "Lib"),
        Edit("constant of another module", "Lib.swift", "offset = 1.0", "offset = 2.0", module: "Lib"),
        Edit(
            "a function that takes another's place",
            "App.swift",
            "let filter",
            "func max(_ x: Double) -> Double { x }\nlet filter"
        ),
        Edit(
            "condition of compilation",
            "Helpers.swift",
            "let gain",
            "#if FAST\nlet unrelatedToAll = 1\n#endif\n#if FAST\nlet gain = 1.0\n#endif\nlet gain"
        ),
        Edit(
            "subscript of an array",
            "Helpers.swift",
            "var spread",
            "subscript(safe i: Int) -> Double { 0 }\nvar spread"
        ),
    ]

    @Test(arguments: changes)
    func aChangeOfWhatTheFunctionDoesIsSeen(edit: Edit) throws {
        let edited = try Fixture.edited(edit.module, edit.file, edit.old, edit.new)
        #expect(try Fixture.hash(edited) != Fixture.hash(), "\(edit.what) must run again")
    }

    static let nothings = [
        Edit("comment", "App.swift", "var total = 0.0", "// The sum.\nvar total = 0.0  /* so /* far */ */"),
        Edit("comment of a helper", "Helpers.swift", "// Helpers of the filter.", ""),
        Edit("documentation", "Helpers.swift", "func clean", "/// Cleans.\nfunc clean"),
        Edit("white space", "App.swift", "        total += scaled", "\n\n  total+=scaled"),
        Edit(
            "lines",
            "App.swift",
            "(_ signal: Raw, low: Double = defaultLow)",
            "(\n    _ signal: Raw,\n    low: Double = defaultLow\n)"
        ),
        Edit(
            "unrelated function",
            "Helpers.swift",
            "func unrelated(_ x: Int) -> Int { x }",
            "func unrelated(_ x: Int) -> Int { x + 1 }"
        ),
        Edit("unrelated function is gone", "Helpers.swift", "func unrelated(_ x: Int) -> Int { x }", ""),
        Edit("another unrelated function", "Helpers.swift", "func unrelated", "func more() {}\nfunc unrelated"),
        Edit(
            "other static function of a type that is named",
            "Types.swift",
            "func otherTool(_ x: Double) -> Double { x }",
            "func otherTool(_ x: Double) -> Double { -x }"
        ),
        Edit(
            "unrelated type",
            "Types.swift",
            "func energyOf(_ x: Int) -> Int { x }",
            "func energyOf(_ x: Int) -> Int { x + 1 }"
        ),
        Edit("unrelated member of an array", "Helpers.swift", "self[1]", "self[2]"),
        Edit(
            "unrelated function of another module",
            "Lib.swift",
            "public func notUsed() {}",
            "public func notUsed() { print() }",
            module: "Lib"
        ),
        Edit("local variable", "App.swift", "total", "sum"),
        Edit(
            "local constant",
            "App.swift",
            "scaled = clean(sample) * gain\n        if let peak = signal.peak, scaled > peak { total += 1 }\n        total += scaled",
            "s = clean(sample) * gain\n        if let peak = signal.peak, s > peak { total += 1 }\n        total += s"
        ),
        Edit(
            "variable of a loop",
            "App.swift",
            "for sample in signal.samples {\n        let scaled = clean(sample)",
            "for one in signal.samples {\n        let scaled = clean(one)"
        ),
        Edit("parameter of a closure", "App.swift", "{ value in value <+> mean }", "{ v in v <+> mean }"),
        Edit(
            "name inside a function",
            "Helpers.swift",
            "func clean(_ x: Double) -> Double { inner(x) + libraryOffset(x) }",
            "func clean(_ y: Double) -> Double { inner(y) + libraryOffset(y) }"
        ),
        Edit(
            "name of a pattern",
            "Helpers.swift",
            "let big where big > 10: return big",
            "let large where large > 10: return large"
        ),
        Edit("place of the call", "App.swift", "let filter", "\n\n\nlet filter"),
        Edit("name of the thunk's variable", "App.swift", "let filter", "let bandpassThunk"),
    ]

    @Test(arguments: nothings)
    func aChangeOfNothingThatTheFunctionDoesIsNone(edit: Edit) throws {
        // The macro could see the names of local variables.
        let plain = try Fixture.edited("App", "App.swift", ", #scaled(mean)", "")
        guard var text = plain[edit.module]?[edit.file], text.contains(edit.old) else {
            Issue.record("the fixture has no \(edit.old)")
            return
        }
        text = text.replacing(edit.old, with: edit.new)
        var edited = plain
        edited[edit.module]?[edit.file] = text
        #expect(try Fixture.hash(edited) == Fixture.hash(plain), "\(edit.what) must be a hit")
    }

    @Test func aFileMayBeMovedOrRenamed() throws {
        var files = Fixture.files
        let moved = files["App"]?.removeValue(forKey: "Helpers.swift")
        files["App"]?["Elsewhere/Renamed.swift"] = moved
        #expect(try Fixture.hash(files) == Fixture.hash())
    }

    @Test func whichOfTwoPrivateFunctionsIsMeantCounts() throws {
        let app = "let t = Thunk(\"f\", f)\n@Sendable func f(_ x: Raw) -> Raw { g(x) }\n"
        func files(_ one: String, _ other: String) -> [String: [String: String]] {
            [
                "App": [
                    "App.swift": app,
                    "A.swift": "func g(_ x: Raw) -> Raw { h(x) }\nprivate func h(_ x: Raw) -> Raw { \(one) }",
                    "B.swift": "private func h(_ x: Raw) -> Raw { \(other) }",
                ]
            ]
        }
        #expect(try Fixture.hash(files("x", "y")) != Fixture.hash(files("y", "x")))
    }

    @Test func anotherVersionOfAnotherPackageCounts() throws {
        #expect(try Fixture.hash(versions: ["Tables": "1.0.1"]) != Fixture.hash())
        #expect(try Fixture.hash(versions: ["Tables": "1.0.0", "NotImported": "2"]) == Fixture.hash())
    }

    @Test func functionsThatCallEachOtherAreOne() throws {
        func files(_ step: String) -> [String: [String: String]] {
            let even = "@Sendable func even(_ n: Int) -> Bool { n == 0 ? true : odd(n - 1) }\n"
            return [
                "App": [
                    "A.swift":
                        "let t = Thunk(\"e\", even)\n\(even)func odd(_ n: Int) -> Bool { n == 0 ? false : even(n - \(step)) }"
                ]
            ]
        }
        #expect(try Fixture.hash(files("1")) != Fixture.hash(files("2")))
    }
}
