import HDF5
import Wire

extension RunMethods {
    /// `refs.validate`
    func validate(_ parameters: RefsValidate) async throws -> RefsValidate.Result {
        let runID = parameters.runID
        try RunID.check(runID)
        let known = try await catalog.read { [dependents] connection in
            let state = try connection.first(
                "SELECT next_row FROM runs WHERE run_id = ? AND deleted_at IS NULL",
                runID
            ) { $0.int(0) }
            guard state != nil || RunID.reserved.contains(runID) else {
                throw WireError.notFound("run \"\(runID)\" does not exist")
            }
            return (
                committed: try RunStore.committedRows(runID, connection),
                references: try dependents.flatMap { try $0.references(runID, connection) }
            )
        }
        var result = RefsValidate.Result(
            checked: known.references.count,
            missing: [],
            missingCount: 0,
            unreferenced: 0,
            undecodable: parameters.decode ?? false ? [] : nil,
            problems: []
        )
        try await compare(known.committed, runID: runID, &result)
        try await look(up: known.references, known.committed, decode: parameters.decode ?? false, &result)
        return result
    }

    /// The file's rows against those that are committed.
    private func compare(
        _ committed: [String: Int],
        runID: String,
        _ result: inout RefsValidate.Result
    ) async throws {
        let stored = try await arrays.rows(ofRun: runID)
        for (name, rows) in committed.sorted(by: { $0.key < $1.key }) {
            let there = stored[name] ?? 0
            result.unreferenced += max(0, there - rows)
            if there < rows, name.hasPrefix("episodes/") || ["rewards", "dones", "episode_index"].contains(name) {
                result.problems.append("/\(name) has \(there) rows, \(rows) are committed")
            }
        }
        for (name, rows) in stored.sorted(by: { $0.key < $1.key }) where committed[name] == nil {
            result.unreferenced += rows
            result.problems.append("/\(name) has \(rows) rows, and the database knows nothing of it")
        }
    }

    /// What lies behind references, some at a time.
    private func look(
        up references: [String],
        _ committed: [String: Int],
        decode: Bool,
        _ result: inout RefsValidate.Result
    ) async throws {
        func list(_ reference: String, _ listed: inout [String]) {
            if listed.count < RefsValidate.Result.mostListed { listed.append(reference) }
        }
        for start in stride(from: 0, to: references.count, by: 256) {
            let texts = references[start..<min(start + 256, references.count)]
            var refs: [FrameRef] = []
            for text in texts {
                if let ref = try? FrameRef(text), ref.index < committed[ref.dataset] ?? 0 {
                    refs.append(ref)
                } else {
                    result.missingCount += 1
                    list(text, &result.missing)
                }
            }
            for (ref, finding) in zip(refs, try await arrays.check(refs, decode: decode)) {
                switch finding {
                case .whole: continue
                case .missing:
                    result.missingCount += 1
                    list(ref.description, &result.missing)
                case .undecodable:
                    var listed = result.undecodable ?? []
                    list(ref.description, &listed)
                    result.undecodable = listed
                }
            }
        }
    }

    /// `refs.repair`
    func repair(_ parameters: RefsRepair) throws -> @Sendable (WriteTransaction) throws -> RefsRepair.Result {
        try RunID.check(parameters.runID)
        guard parameters.refs.count <= RefsValidate.Result.mostListed else {
            throw WireError.invalidParams(
                "params.refs has \(parameters.refs.count) entries; at most 1 000 are possible"
            )
        }
        return { [dependents] transaction in
            var cleared = 0
            for ref in parameters.refs {
                for dependent in dependents {
                    cleared += try dependent.clear(ref, parameters.runID, transaction.connection)
                }
            }
            return RefsRepair.Result(cleared: cleared)
        }
    }
}
