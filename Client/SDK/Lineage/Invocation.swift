import Wire

/// A call of a thunk: what it is, and what it was given.
struct Invocation: Sendable {
    /// An argument by its parameter's name.
    struct Bound: Sendable {
        let name: String
        let form: ArgumentForm
        let digest: Digest

        init(name: String, form: ArgumentForm) throws {
            self.name = name
            self.form = form
            digest = try form.digest()
        }
    }

    let functionName: String
    let identity: FunctionIdentity
    let arguments: [Bound]
    /// The lineage hash of each output.
    let hashes: [String]

    init(_ functionName: String, _ identity: FunctionIdentity, _ forms: [ArgumentForm], outputs: Int) throws {
        guard Set(identity.parameters).count == identity.parameters.count, identity.parameters.count == forms.count
        else {
            throw HoldfastError(
                .invalidValue,
                "\(functionName) has \(forms.count) parameters; \(identity.parameters) does not name each of them once"
            )
        }
        let arguments = try zip(identity.parameters, forms).map { try Bound(name: $0, form: $1) }
        self.functionName = functionName
        self.identity = identity
        self.arguments = arguments
        let digests = Dictionary(uniqueKeysWithValues: arguments.map { ($0.name, $0.digest) })
        hashes = (0..<outputs).map { Self.lineageHash(function: identity.hash, output: $0, arguments: digests) }
    }

    /// What tells the outputs of all invocations apart: SHA-256 over frame("invocation"), the function's hash, the output's
    /// number, the number of arguments, and for each in the order of the parameters' names frame(name) and its hash.
    static func lineageHash(function: Digest, output: Int, arguments: [String: Digest]) -> String {
        var bytes = Canonical()
        bytes.add("invocation")
        bytes.add(raw: function)
        bytes.add(UInt64(output))
        bytes.add(UInt64(arguments.count))
        for (name, digest) in arguments.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            bytes.add(name)
            bytes.add(raw: digest)
        }
        return bytes.digest.hex
    }

    /// What is recorded of an output.
    ///
    /// - Parameters:
    ///   - circumstances: Where, when and under which lease it was computed.
    ///   - ephemeral: Whether it may be made of what was never saved; recorded is then how that was made.
    ///   - path: The way that an error shows.
    /// - Throws: ``HoldfastError`` with `unsaved_input`.
    func lineage(
        ofOutput number: Int,
        _ circumstances: Circumstances,
        ephemeral: Bool,
        path: String
    ) throws -> Lineage {
        var inputs: [Lineage.Input] = []
        var constants: [JSONValue] = []
        for argument in arguments {
            let way = "\(path) → \(functionName)(\(argument.name))"
            try describe(argument, as: argument.name, way, ephemeral, &inputs, &constants)
        }
        if let reason = identity.reason { constants.append(["reason": .string(reason)]) }
        return Lineage(
            lineageHash: hashes[number],
            outputNum: number,
            functionName: functionName,
            functionHash: identity.hash.hex,
            inputs: inputs,
            constants: constants,
            functionParts: identity.parts,
            runID: circumstances.runID,
            userID: circumstances.userID,
            host: circumstances.host,
            startedAt: circumstances.startedAt,
            lease: circumstances.lease?.token(toSave: hashes[number])
        )
    }

    private func describe(
        _ argument: Bound,
        as name: String,
        _ path: String,
        _ ephemeral: Bool,
        _ inputs: inout [Lineage.Input],
        _ constants: inout [JSONValue]
    ) throws {
        let sources = argument.form.sources(name)
        for (name, source) in sources {
            switch source {
            case .inline: continue
            case .record(let id, let variable):
                inputs.append(Lineage.Input(name: name, recordID: id, type: variable))
            case .unsaved(let variable):
                guard ephemeral else { throw Self.unsaved("a \(variable) was never saved", path) }
                constants.append(["name": .string(name), "ephemeral": ["variable": .string(variable)]])
            case .output(let origin):
                if let saved = origin.record {
                    inputs.append(Lineage.Input(name: name, recordID: saved.id, type: saved.variable))
                    continue
                }
                let made = origin.invocation
                guard ephemeral else {
                    throw Self.unsaved("output \(origin.number) of \(made.functionName) was never saved", path)
                }
                constants.append(["name": .string(name), "ephemeral": origin.description])
                for inner in made.arguments {
                    let way = "\(path) → \(made.functionName)(\(inner.name))"
                    try describe(inner, as: "\(name)/\(inner.name)", way, true, &inputs, &constants)
                }
            }
        }
        var entry: [String: JSONValue] = ["name": .string(name), "hash": .string(argument.digest.hex)]
        if case .columns(let names, _) = argument.form { entry["columns"] = .array(names.map { .string($0) }) }
        if sources.isEmpty { entry["value"] = argument.form.shown }
        constants.append(.object(entry))
    }

    private static func unsaved(_ what: String, _ path: String) -> HoldfastError {
        HoldfastError(.unsavedInput, "\(path): \(what); save it first, or give ephemeral: true")
    }
}
