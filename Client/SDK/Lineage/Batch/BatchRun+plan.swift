import Wire

extension BatchRun {
    /// The combinations.
    func locations() async throws -> [Metadata] {
        guard case .existing(let asked) = combinations else {
            guard case .these(let locations) = combinations else { return [] }
            return locations
        }
        let keys = asked.isEmpty ? try await client.variableSchema().map(\.name) : asked
        var locations: [Metadata] = []
        var seen: Set<[UInt8]> = []
        for input in repeat each inputs {
            guard input.isVarying, let query = input.query(at: [:]) else { continue }
            for record in try await client.latest(of: query.variable, at: query.metadata) {
                let has = record.metadata
                let location = keys.isEmpty ? has : has.filter { keys.contains($0.key) }
                guard asked.isEmpty || location.count == keys.count else { continue }
                if seen.insert(location.canonical).inserted { locations.append(location) }
            }
        }
        return locations
    }

    func planned(_ location: Metadata, _ identity: FunctionIdentity, _ found: FoundRecords) async throws -> BatchEntry {
        var records: [VariableRecord?] = []
        for input in repeat each inputs {
            guard let query = input.query(at: location) else {
                records.append(nil)
                continue
            }
            let name = identity.parameters.indices.contains(records.count) ? identity.parameters[records.count] : ""
            let there = try await found.latest(of: query.variable, at: query.metadata)
            guard there.count == 1, let record = there.first else {
                let many = there.isEmpty ? "no \(query.variable)" : "\(there.count) locations of \(query.variable) fit"
                return BatchEntry(location, .missing, "input \(name): \(many) at \(query.metadata.shown)")
            }
            guard record.schemaVersion == query.schemaVersion else {
                let version = "schema version \(record.schemaVersion), the type \(query.schemaVersion)"
                return BatchEntry(
                    location,
                    .missing,
                    "input \(name): \(query.variable) \(record.recordID) has \(version)"
                )
            }
            records.append(record)
        }
        var entry = try await decided(location, try invocation(records, identity))
        entry.inputs = records
        return entry
    }

    /// Run or hit, by what is stored.
    private func decided(_ location: Metadata, _ invocation: Invocation) async throws -> BatchEntry {
        var here: [VariableRecord] = []
        var old: [VariableRecord] = []
        for (number, type) in thunk.outputs.enumerated() {
            let latest = try await client.latest(of: type.variableName, at: location)
            guard let record = latest.first(where: { $0.metadata.isSame(as: location) }) else { continue }
            if record.schemaVersion != type.schemaVersion {
                old.append(record)
            } else if record.lineageHash == invocation.hashes[number] {
                here.append(record)
            } else {
                old.append(record)
            }
        }
        if here.count == thunk.outputs.count {
            var entry = BatchEntry(location, .hit, "it is there")
            entry.recordIDs = here.map(\.recordID)
            entry.isHere = true
            return entry
        }
        let isOld = old.contains { record in
            thunk.outputs.contains { $0.variableName == record.variable && $0.schemaVersion != record.schemaVersion }
        }
        if !isOld, try await thunk.isStored(invocation, client) {
            return BatchEntry(location, .hit, "the same was computed elsewhere")
        }
        return BatchEntry(location, .run, try await why(invocation, instead: old.first))
    }

    private func why(_ invocation: Invocation, instead old: VariableRecord?) async throws -> String {
        let names = thunk.outputs.map { $0.variableName }.joined(separator: ", ")
        guard let old else { return "there is no \(names) yet" }
        let version = thunk.outputs.first { $0.variableName == old.variable }?.schemaVersion
        guard old.schemaVersion == version else {
            return "\(old.variable) \(old.recordID) has schema version \(old.schemaVersion)"
        }
        guard old.lineageHash != nil else { return "nothing is known of what made \(old.variable) \(old.recordID)" }
        let lineage = try invocation.lineage(ofOutput: 0, Circumstances(), ephemeral: true, path: "")
        let changes = try await client.call(LineageWhy(recordID: old.recordID, lineage: lineage)).changes
        return changes.isEmpty
            ? "the outputs of that call are gone" : changes.map(\.description).joined(separator: "; ")
    }
}

/// The records at what was asked for, each asked for once.
actor FoundRecords {
    private let client: HoldfastClient
    private var found: [Question: Task<[VariableRecord], any Error>] = [:]

    private struct Question: Hashable {
        let variable: String
        let metadata: [UInt8]
    }

    init(_ client: HoldfastClient) { self.client = client }

    func latest(of variable: String, at metadata: Metadata) async throws -> [VariableRecord] {
        let question = Question(variable: variable, metadata: metadata.canonical)
        if let known = found[question] { return try await known.value }
        let task = Task { [client] in try await client.latest(of: variable, at: metadata) }
        found[question] = task
        return try await task.value
    }
}
