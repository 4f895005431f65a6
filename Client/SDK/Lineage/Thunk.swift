import Wire

/// A function whose outputs are loaded where they are known, else computed.
///
/// ```swift
/// @Sendable func bandpass(_ signal: Raw, low: Double) -> Filtered { … }
/// let filter = Thunk("bandpass", bandpass)                 // with the plugin SourceHashes
/// let filter = Thunk("bandpass", version: 3, bandpass)     // without it: raise the version when the function changes
///
/// let raw = try await client.load(Raw.self, at: ["subject": 1])
/// let filtered = try await filter(raw, 20, client: client)             // a Computed<Filtered>
/// try await client.save(filtered, at: ["subject": 1])                  // from now on the call is a hit
/// ```
///
/// A function of several outputs returns a tuple of variables; a closure of several statements says what it returns. What it depends on must be its arguments: values that it
/// captures, files that it reads and variables that change while the program runs can't be seen.
public struct Thunk<Outputs: Sendable, each Input: Sendable>: Sendable {
    /// What is recorded as the function's name.
    public let name: String
    /// Takes the inputs as a tuple: the compiler (6.3) breaks off at closures whose parameters are a pack.
    let function: @Sendable ((repeat each Input)) async throws -> [any Variable]
    let outputs: [any Variable.Type]
    private let identified: @Sendable () throws -> FunctionIdentity
    private let assembled: @Sendable (OutputValues, Invocation) throws -> Made

    /// The outputs, as a tuple and as a list.
    struct Made: Sendable {
        let outputs: Outputs
        let all: [any SavableOutput]
    }

    /// A function whose author says when it changes.
    ///
    /// - Parameters:
    ///   - version: Counts the function's versions: one that has another is another function.
    ///   - reason: Why the source can't say it; recorded with what it makes.
    ///   - parameters: The names of the function's parameters, by which arguments are recorded; by default "0", "1", ….
    public init<each Output: Variable>(
        _ name: String,
        version: Int,
        reason: String? = nil,
        parameters: [String]? = nil,
        _ function: @escaping @concurrent @Sendable (repeat each Input) async throws -> (repeat each Output)
    ) where Outputs == (repeat Computed<each Output>) {
        var inputs = 0
        for _ in repeat (each Input).self { inputs += 1 }
        let names = parameters ?? (0..<inputs).map { "\($0)" }
        self.init(name, function) { outputs in
            FunctionIdentity(name: name, version: "\(version)", outputs: outputs, parameters: names, reason: reason)
        }
    }

    /// What is called where the plugin adds nothing: its message is all that a compiler could say of what is missing.
    @available(*, unavailable, message: "add the plugin SourceHashes to this target, or give version:")
    public init<each Output: Variable>(
        _ name: String,
        _ function: @escaping @concurrent @Sendable (repeat each Input) async throws -> (repeat each Output)
    ) where Outputs == (repeat Computed<each Output>) { fatalError("no call of it compiles") }

    /// A function that is what its source says: the plugin SourceHashes adds the initialiser that calls this one.
    public init<each Output: Variable>(
        _ name: String,
        sources: SourceTable,
        file: String,
        line: UInt,
        _ function: @escaping @concurrent @Sendable (repeat each Input) async throws -> (repeat each Output)
    ) where Outputs == (repeat Computed<each Output>) {
        var types: [String] = []
        for type in repeat (each Input).self { types.append(String(reflecting: type)) }
        for type in repeat (each Output).self { types.append(String(reflecting: type)) }
        let named = types
        self.init(name, function) { outputs in
            try sources.identity(of: name, file: file, line: line, types: named, outputs: outputs)
        }
    }

    private init<each Output: Variable>(
        _ name: String,
        _ function: @escaping @concurrent @Sendable (repeat each Input) async throws -> (repeat each Output),
        identity: @escaping @Sendable (_ outputs: Int) throws -> FunctionIdentity
    ) where Outputs == (repeat Computed<each Output>) {
        var outputs: [any Variable.Type] = []
        for type in repeat (each Output).self { outputs.append(type) }
        let count = outputs.count
        self.name = name
        self.outputs = outputs
        identified = { try identity(count) }
        self.function = { inputs in
            let made = try await function(repeat each inputs)
            var all: [any Variable] = []
            repeat all.append(each made)
            return all
        }
        assembled = { values, invocation in
            var all: [any SavableOutput] = []
            func next<Value: Variable>(_ type: Value.Type) throws -> Computed<Value> {
                let output = try output(type, number: all.count)
                all.append(output)
                return output
            }
            func output<Value: Variable>(_ type: Value.Type, number: Int) throws -> Computed<Value> {
                switch values {
                case .computed(let values, let circumstances):
                    guard let value = values[number] as? Value else { preconditionFailure("outputs keep their order") }
                    return try Computed(computed: value, invocation, circumstances, number: number)
                case .loaded(let records):
                    return Computed(loaded: try Record(records[number]), invocation, number: number)
                }
            }
            let outputs = (repeat try next((each Output).self))
            return Made(outputs: outputs, all: all)
        }
    }

    /// Loads the outputs of this call if all of them are stored, else computes them.
    ///
    /// Of all callers at the same time, in this process or another, one computes; the others wait until it has saved the outputs,
    /// or has given them up, and load them.
    ///
    /// - Throws: What the function throws; ``HoldfastError`` with `no_identity` for a function of which neither source nor
    ///   version is known; as ``HoldfastClient/call(_:)``.
    public func callAsFunction<each Given: ThunkArgument>(
        _ given: repeat each Given,
        client: HoldfastClient
    ) async throws -> Outputs where repeat (each Given).Value == each Input {
        var forms: [ArgumentForm] = []
        for argument in repeat each given { forms.append(try argument.argumentForm) }
        let made = try await made(by: try invocation(forms, try identity()), client) {
            try await function((repeat (each given).argumentValue))
        }
        return made.outputs
    }

    /// The outputs of a call: stored, else computed, by one caller at a time.
    func made(
        by invocation: Invocation,
        _ client: HoldfastClient,
        computing compute: () async throws -> [any Variable]
    ) async throws -> Made {
        var unusable: [String] = []
        while true {
            switch try await client.leases.claim(invocation.hashes, except: unusable, client) {
            case .stored(let records):
                if let loaded = try await load(records, client, unusable: &unusable) {
                    return try assembled(.loaded(loaded), invocation)
                }
            case .claimed(let lease):
                let circumstances = Circumstances(computing: lease, client)
                let values = try await lease.kept { try await compute() }
                return try assembled(.computed(values, circumstances), invocation)
            }
        }
    }

    /// What a call with these arguments would be.
    func invocation(_ arguments: [ArgumentForm], _ identity: FunctionIdentity) throws -> Invocation {
        try Invocation(name, identity, arguments, outputs: outputs.count)
    }

    /// What the function is.
    func identity() throws -> FunctionIdentity { try identified() }

    /// For each output one of its records; nil, and which are unusable, if they can't all be loaded.
    private func load(
        _ records: [LineageFind.Output],
        _ client: HoldfastClient,
        unusable: inout [String]
    ) async throws -> [VariableRecord]? {
        var loaded: [VariableRecord] = []
        for (number, type) in outputs.enumerated() {
            var found: VariableRecord?
            for record in records where record.outputNum == number && found == nil {
                found = try await readable(record, type, client)
                if found == nil { unusable.append(record.recordID) }
            }
            guard let found else { return nil }
            loaded.append(found)
        }
        return loaded
    }

    /// A record, unless it is another variable's, was deleted meanwhile, or has another schema version.
    private func readable(
        _ record: LineageFind.Output,
        _ type: any Variable.Type,
        _ client: HoldfastClient
    ) async throws -> VariableRecord? {
        guard record.outputType == type.variableName else { return nil }
        do {
            let loaded = try await client.load(VariablesLoad(variable: type.variableName, version: record.recordID))
            return loaded.schemaVersion == type.schemaVersion ? loaded : nil
        } catch let error as WireError where error.kind == .notFound {
            return nil
        }
    }

    /// Whether each output has a record.
    func isStored(_ invocation: Invocation, _ client: HoldfastClient) async throws -> Bool {
        for (number, type) in outputs.enumerated() {
            let found = try await client.call(LineageFind(lineageHash: invocation.hashes[number])).records
            guard found.contains(where: { $0.outputNum == number && $0.outputType == type.variableName }) else {
                return false
            }
        }
        return true
    }
}

/// Where a call's outputs come from.
enum OutputValues {
    case computed([any Variable], Circumstances)
    case loaded([VariableRecord])
}

/// An output of any variable.
protocol SavableOutput: Sendable {
    /// Saves it, and tells its record's id.
    func save(at metadata: Metadata, _ client: HoldfastClient) async throws -> String
}

extension Computed: SavableOutput {
    func save(at metadata: Metadata, _ client: HoldfastClient) async throws -> String {
        try await client.save(self, at: metadata).recordID
    }
}
