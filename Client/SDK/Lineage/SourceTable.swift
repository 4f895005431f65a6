import Wire

/// What the plugin SourceHashes found out about a target's thunks: made by generated code alone.
public struct SourceTable: Sendable {
    /// A call `Thunk("name", function)`.
    public struct Entry: Sendable {
        let name: String
        let file: String
        let line: UInt
        let hash: String
        let parameters: [String]
        /// Indices into the table's parts.
        let parts: [Int]
        /// Indices into the table's conditions: those of `#if` in what it reaches.
        let conditions: [Int]

        public init(
            name: String,
            file: String,
            line: UInt,
            hash: String,
            parameters: [String],
            parts: [Int],
            conditions: [Int]
        ) {
            self.name = name
            self.file = file
            self.line = line
            self.hash = hash
            self.parameters = parameters
            self.parts = parts
            self.conditions = conditions
        }
    }

    /// A type of the project, with all that its members reach.
    public struct TypeEntry: Sendable {
        let name: String
        let hash: String
        let conditions: [Int]

        public init(name: String, hash: String, conditions: [Int]) {
            self.name = name
            self.hash = hash
            self.conditions = conditions
        }
    }

    private let entries: [Entry]
    private let types: [String: [TypeEntry]]
    private let parts: [(name: String, hash: String)]
    private let conditions: [(text: String, isTrue: Bool)]

    /// - Parameters:
    ///   - parts: Declarations, each with its hash.
    ///   - conditions: Of `#if`, and how the compiler decided them.
    public init(
        entries: [Entry],
        types: [TypeEntry],
        parts: [(name: String, hash: String)],
        conditions: [(text: String, isTrue: Bool)]
    ) {
        self.entries = entries
        self.types = Dictionary(grouping: types, by: \.name)
        self.parts = parts
        self.conditions = conditions
    }

    /// What the function is that a call of `Thunk` gives: its source, and that of the types of its inputs and outputs, which a
    /// generic function does not name.
    ///
    /// - Throws: ``HoldfastError`` with `no_identity` for a call that the plugin has not seen.
    func identity(of name: String, file: String, line: UInt, types: [String], outputs: Int) throws -> FunctionIdentity {
        guard let entry = entries.first(where: { $0.line == line && $0.name == name && $0.file == file }) else {
            throw HoldfastError(
                .noIdentity,
                "\(file):\(line): the plugin SourceHashes has not seen this Thunk(\"\(name)\", …); write the call as "
                    + "Thunk(\"name\", function), or give a version:"
            )
        }
        let words = types.flatMap { $0.split { !$0.isLetter && !$0.isNumber && $0 != "_" } }.map(String.init)
        let named = Set(words).sorted().flatMap { self.types[$0] ?? [] }
        var bytes = Canonical()
        bytes.add("source")
        bytes.add(UInt64(outputs))
        bytes.add(entry.hash)
        for type in named { bytes.add(type.hash) }
        let tested = Set(entry.conditions + named.flatMap(\.conditions)).sorted()
        for condition in tested {
            bytes.add(conditions[condition].text)
            bytes.add(letter: conditions[condition].isTrue ? "t" : "f")
        }
        var found: [String: String] = [:]
        for part in entry.parts { found[parts[part].name] = parts[part].hash }
        for type in named { found["type \(type.name)"] = String(type.hash.prefix(16)) }
        for condition in tested { found["#if \(conditions[condition].text)"] = "\(conditions[condition].isTrue)" }
        return FunctionIdentity(hash: bytes.digest, parts: found, parameters: entry.parameters)
    }
}
