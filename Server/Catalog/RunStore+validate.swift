import HDF5
import Wire

extension RunMethods {
    /// `refs.validate`
    func validate(_ parameters: RefsValidate) async throws -> RefsValidate.Result {
        let runID = parameters.runID
        try RunID.check(runID)
        let decode = parameters.decode ?? false
        var result = RefsValidate.Result(
            checked: 0,
            missing: [],
            missingCount: 0,
            unreferenced: 0,
            undecodable: decode ? [] : nil,
            problems: []
        )
        let runIDs = runID == RunID.images ? try await catalog.read { try ImageRuns.all($0) } : [runID]
        for runID in runIDs { try await validate(runID, decode: decode, &result) }
        return result
    }

    private func validate(_ runID: String, decode: Bool, _ result: inout RefsValidate.Result) async throws {
        let known = try await catalog.read { [dependents] connection in
            let state = try connection.first(
                "SELECT next_row FROM runs WHERE run_id = ? AND deleted_at IS NULL",
                runID
            ) { $0.int(0) }
            guard state != nil else {
                throw RunStore.isUnknown(runID)
            }
            return (
                committed: try RunStore.committedRows(runID, connection),
                references: try dependents.flatMap { try $0.references(runID, connection) },
                hasArrayActions: try RunStore.stepDatasets(runID, connection).contains {
                    $0.name == "actions" && ($0.layout.dtype.isFloat || !$0.layout.shape.isEmpty)
                }
            )
        }
        result.checked += known.references.count
        try await compare(known.committed, runID: runID, &result)
        try await look(up: known.references, known.committed, decode: decode, &result)
        if decode, known.hasArrayActions {
            try await read(0..<(known.committed["actions"] ?? 0), of: "actions", runID: runID, &result)
        }
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
                result.problems.append("/\(name) of \(runID) has \(there) rows, \(rows) are committed")
            }
        }
        for (name, rows) in stored.sorted(by: { $0.key < $1.key }) where committed[name] == nil {
            result.unreferenced += rows
            result.problems.append("/\(name) of \(runID) has \(rows) rows, and the database knows nothing of it")
        }
    }

    /// Rows that are read in one go.
    private static let rowsAtOnce = 256

    /// What lies behind references, some at a time.
    private func look(
        up references: [String],
        _ committed: [String: Int],
        decode: Bool,
        _ result: inout RefsValidate.Result
    ) async throws {
        let observations = committed.keys.filter { $0.hasPrefix("observations") }.sorted()
        for start in stride(from: 0, to: references.count, by: Self.rowsAtOnce) {
            let texts = references[start..<min(start + Self.rowsAtOnce, references.count)]
            var refs: [FrameRef] = []
            for text in texts {
                if let ref = try? FrameRef(text), ref.index < committed[ref.dataset] ?? 0 {
                    refs.append(ref)
                } else {
                    result.missingCount += 1
                    Self.list(text, &result.missing)
                }
            }
            for (ref, finding) in zip(refs, try await arrays.check(refs, decode: decode)) {
                switch finding {
                case .whole: continue
                case .missing:
                    result.missingCount += 1
                    Self.list(ref.description, &result.missing)
                case .undecodable: Self.listUndecodable(ref, &result)
                }
            }
            guard decode, observations.count > 1 else { continue }
            // A reference names the first array of an observation; the others are in the same row of their datasets.
            let others = refs.filter { $0.dataset.hasPrefix("observations") }.flatMap { ref in
                observations.filter { $0 != ref.dataset }.map {
                    FrameRef(runID: ref.runID, dataset: $0, index: ref.index)
                }
            }
            try await read(others, &result)
        }
    }

    /// Reads rows that need not have an array.
    private func read(
        _ rows: Range<Int>,
        of dataset: String,
        runID: String,
        _ result: inout RefsValidate.Result
    ) async throws {
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsAtOnce) {
            let refs = (start..<min(start + Self.rowsAtOnce, rows.upperBound)).map {
                FrameRef(runID: runID, dataset: dataset, index: $0)
            }
            try await read(refs, &result)
        }
    }

    private func read(_ refs: [FrameRef], _ result: inout RefsValidate.Result) async throws {
        for (ref, finding) in zip(refs, try await arrays.check(refs, decode: true)) where finding == .undecodable {
            Self.listUndecodable(ref, &result)
        }
    }

    private static func list(_ reference: String, _ listed: inout [String]) {
        if listed.count < RefsValidate.Result.mostListed { listed.append(reference) }
    }

    private static func listUndecodable(_ ref: FrameRef, _ result: inout RefsValidate.Result) {
        var listed = result.undecodable ?? []
        list(ref.description, &listed)
        result.undecodable = listed
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
