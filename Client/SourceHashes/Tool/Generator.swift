/// Writes the Swift that tells a target's thunks what their functions are.
struct Generator {
    private let index: Index
    private let module: String

    init(_ project: Project) throws {
        index = try Index(project)
        module = project.modules.first?.name ?? ""
    }

    /// A call and what its function reaches.
    struct Found {
        let call: ThunkCall
        let path: String
        /// As `#fileID` gives it.
        let file: String
        let parameters: [String]
        let reach: Reach
    }

    /// The thunks of the first module.
    func thunks() throws -> [Found] {
        try index.files.filter { $0.module == 0 }.flatMap { file in
            try ThunkCall.all(in: file.tokens, file.declarations, file: file.file).map { call in
                var canonical = Canonical()
                canonical.add(call.function)
                let names = canonical.mentions.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                return Found(
                    call: call,
                    path: file.file,
                    file: "\(module)/\(file.file.split(separator: "/").last ?? "")",
                    parameters: try call.parameters(index, file: file.file),
                    reach: Reach(index, from: canonical.hash, mentioning: names, module: 0, file: file.file)
                )
            }
        }
    }

    /// What is said when the target is built: of variables that functions may read, though no hash tells their values.
    func warnings() throws -> [String] {
        try thunks().flatMap { thunk in
            let shared = thunk.reach.nodes.filter { $0.declaration?.isSharedVariable ?? false }
            return Set(shared.map(\.label)).sorted().map { label in
                "\(thunk.path):\(thunk.call.line): warning: the thunk \"\(thunk.call.name)\" may read \(label), which can change while "
                    + "the program runs; make it a let, or an argument"
            }
        }
    }

    /// The types of the project, each with what it reaches.
    private func types() -> [(name: String, reach: Reach)] {
        index.types.keys.sorted().map {
            ($0, Reach(index, from: "type", mentioning: [$0], module: 0, file: ""))
        }
    }

    func source() throws -> String {
        let thunks = try thunks()
        let types = thunks.isEmpty ? [] : self.types()
        let all = Set((thunks.map(\.reach) + types.map(\.reach)).flatMap(\.conditions)).sorted()
        var parts: [String: Int] = [:]
        var lines: [String] = []
        var partLines: [String] = []
        for thunk in thunks {
            var own: [String: [String]] = [:]
            for node in thunk.reach.nodes { own[node.label, default: []].append(node.own) }
            let indices = own.sorted { $0.key < $1.key }.map { label, hashes in
                let hash = hashes.count == 1 ? String(hashes[0].prefix(16)) : Self.joined(hashes)
                let line = "(name: \(Self.literal(label)), hash: \"\(hash)\")"
                if parts[line] == nil {
                    parts[line] = partLines.count
                    partLines.append(line)
                }
                return parts[line] ?? 0
            }
            lines.append(
                "SourceTable.Entry(name: \(Self.literal(thunk.call.name)), file: \(Self.literal(thunk.file)), "
                    + "line: \(thunk.call.line), hash: \"\(thunk.reach.hash)\", "
                    + "parameters: [\(thunk.parameters.map(Self.literal).joined(separator: ", "))], parts: \(indices), "
                    + "conditions: \(Self.indices(thunk.reach.conditions, all)))"
            )
        }
        let typeLines = types.map { name, reach in
            "SourceTable.TypeEntry(name: \(Self.literal(name)), hash: \"\(reach.hash)\", "
                + "conditions: \(Self.indices(reach.conditions, all)))"
        }
        return Self.text(lines, typeLines, partLines, conditions: all)
    }

    private static func joined(_ hashes: [String]) -> String {
        var hasher = Hasher256()
        for hash in hashes.sorted() { hasher.add(hash) }
        return String(hasher.hex.prefix(16))
    }

    private static func indices(_ conditions: Set<String>, _ all: [String]) -> [Int] {
        all.indices.filter { conditions.contains(all[$0]) }
    }

    private static func literal(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            scalar == "\"" || scalar == "\\" || scalar.value < 32
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return "\"\(escaped.joined())\""
    }

    private static func text(
        _ entries: [String],
        _ types: [String],
        _ parts: [String],
        conditions: [String]
    ) -> String {
        func list(_ items: [String]) -> String { items.map { "        \($0),\n" }.joined() }
        let tested = conditions.enumerated().map { number, condition in
            """
                #if \(condition)
                let condition\(number) = true
                #else
                let condition\(number) = false
                #endif

            """
        }.joined()
        let decided = conditions.enumerated().map { "(text: \(literal($1)), isTrue: condition\($0))" }
        return """
            // Made by the plugin SourceHashes.
            import Holdfast

            private let holdfastSources: SourceTable = {
            \(tested)    let entries: [SourceTable.Entry] = [
            \(list(entries))    ]
                let types: [SourceTable.TypeEntry] = [
            \(list(types))    ]
                let parts: [(name: String, hash: String)] = [
            \(list(parts))    ]
                let conditions: [(text: String, isTrue: Bool)] = [
            \(list(decided))    ]
                return SourceTable(entries: entries, types: types, parts: parts, conditions: conditions)
            }()

            extension Thunk {
                /// A function that is what its source says, and the source of all that it reaches.
                init<each Output: Variable>(
                    _ name: String,
                    file: String = #fileID,
                    line: UInt = #line,
                    _ function: @escaping @concurrent @Sendable (repeat each Input) async throws -> (repeat each Output)
                ) where Outputs == (repeat Computed<each Output>) {
                    self.init(name, sources: holdfastSources, file: file, line: line, function)
                }
            }

            """
    }
}
