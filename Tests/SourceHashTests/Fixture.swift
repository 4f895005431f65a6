@testable import SourceHashTool

/// A small project: a target App with a thunk, another target, and a macro's.
enum Fixture {
    static let files: [String: [String: String]] = [
        "App": [
            "App.swift": """
            import Holdfast
            import Lib
            import Tables

            let filter = Thunk("bandpass", bandpass)

            @Sendable func bandpass(_ signal: Raw, low: Double = defaultLow) -> Filtered {
                var total = 0.0
                for sample in signal.samples {
                    let scaled = clean(sample) * gain
                    if let peak = signal.peak, scaled > peak { total += 1 }
                    total += scaled
                }
                let (mean, count) = (total / 2, signal.samples.count)
                let shifted = signal.samples.map { value in value <+> mean }
                guard count > 0 else { return Filtered(samples: []) }
                @Clamped var limited = mean
                return Filtered(samples: shifted + [low, limited, Tools.tool(1), weight(Mode.fast), signal.energy(), shifted.spread, #scaled(mean)])
            }

            """,
            "Helpers.swift": """
            // Helpers of the filter.
            let gain = 2.0
            let defaultLow = 20.0

            func clean(_ x: Double) -> Double { inner(x) + libraryOffset(x) }

            private func inner(_ x: Double) -> Double {
                switch x {
                case let big where big > 10: return big
                default: return x * 2
                }
            }

            func weight<Value>(_ x: Value) -> Double { "\\(x)".isEmpty ? 0 : 1 }
            func unrelated(_ x: Int) -> Int { x }

            infix operator <+>: AdditionPrecedence
            func <+> (left: Double, right: Double) -> Double { left + right }

            extension Array where Element == Double {
                var spread: Double { self[0] }
                var other: Double { self[1] }
            }

            """,
            "Types.swift": """
            protocol Signal { var samples: [Double] { get } }

            extension Signal {
                func energy() -> Double { samples.reduce(0) { $0 + $1 * $1 } }
            }

            struct Raw: Signal, Comparable {
                var samples: [Double]
                var peak: Double? { samples.max() }
                static func make() -> Raw { Raw(samples: []) }
            }

            func < (left: Raw, right: Raw) -> Bool { left.samples.count < right.samples.count }

            struct Filtered { var samples: [Double] }

            @propertyWrapper struct Clamped {
                private var value = 0.0
                init(wrappedValue: Double) { value = wrappedValue }
                var wrappedValue: Double { get { min(value, 1) } set { value = newValue } }
            }

            enum Tools {
                static func tool(_ x: Double) -> Double { x }
                static func otherTool(_ x: Double) -> Double { x }
            }

            enum Mode {
                case fast, slow
                var factor: Double { 1 }
            }

            struct Unrelated { func energyOf(_ x: Int) -> Int { x } }

            """,
        ],
        "Lib": [
            "Lib.swift": """
            public func libraryOffset(_ x: Double) -> Double { x + offset }
            let offset = 1.0
            public func notUsed() {}
            @freestanding(expression) public macro scaled(_ x: Double) -> Double =
                #externalMacro(module: "Macros", type: "ScaledMacro")

            """
        ],
        "Macros": ["Macros.swift": "struct ScaledMacro { static func expansion() -> String { \"1\" } }\n"],
    ]

    static let versions = ["Tables": "1.0.0"]

    static func project(_ files: [String: [String: String]] = files, versions: [String: String] = versions) -> Project {
        let others = files.keys.filter { $0 != "App" }.sorted()
        var project = Project(modules: (["App"] + others).map { Project.Module(name: $0, files: files[$0] ?? [:]) })
        project.modules += versions.sorted { $0.key < $1.key }.map { Project.Module(name: $0.key, version: $0.value) }
        return project
    }

    /// The hash of the first thunk's function.
    static func hash(
        _ files: [String: [String: String]] = files,
        versions: [String: String] = versions
    ) throws -> String {
        guard let thunk = try Generator(project(files, versions: versions)).thunks().first else {
            throw SourceError(file: "", line: 0, message: "the fixture has no thunk")
        }
        return thunk.reach.hash
    }

    /// The fixture with one text in the place of another.
    static func edited(
        _ module: String,
        _ file: String,
        _ old: String,
        _ new: String
    ) throws -> [String: [String: String]] {
        guard let text = files[module]?[file], text.contains(old) else {
            throw SourceError(file: file, line: 0, message: "the fixture has no \"\(old)\"")
        }
        var files = files
        files[module]?[file] = text.replacing(old, with: new)
        return files
    }
}
