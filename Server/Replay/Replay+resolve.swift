import NIOCore
import Wire

extension Replay {
    /// The most references in a request.
    static let maximumRefs = 100_000

    /// `frames.resolve`
    func resolve(_ parameters: FramesResolve, _ context: CallContext) async throws -> FramesResolve.Result {
        guard parameters.refs.count <= Self.maximumRefs else {
            throw WireError.invalidParams(
                "params.refs has \(parameters.refs.count) references, at most \(Self.maximumRefs)"
            )
        }
        if parameters.stack ?? false {
            guard let array = try await stack(parameters.refs, context) else {
                throw WireError.invalidParams("params.refs is empty: there is no shape to stack to")
            }
            return FramesResolve.Result(frames: .stacked(array))
        }
        let rows = try await find(parameters.refs, context)
        if (parameters.missing ?? .error) == .error { try checkAllFound(rows, parameters.refs) }
        let found = try await arrays.decode(rows)
        return FramesResolve.Result(frames: .separate(try found.map { try $0?.wireArray() }))
    }

    /// The arrays behind references as one; nil without references.
    func stack(_ refs: [String], _ context: CallContext) async throws -> ArrayValue? {
        let rows = try await find(refs, context)
        try checkAllFound(rows, refs)
        return try await arrays.stack(rows.compactMap { $0 })
    }

    /// Refuses the pixels of held-out images to whoever may not look into the vault.
    func checkVault(_ refs: [FrameRef], _ access: Access, _ connection: Connection) throws {
        guard !access.allows(.holdout) else { return }
        for ref in refs where try isHeldOut(ref, connection) { try access.check(.holdout, for: "\(ref)") }
    }

    private func checkAllFound(_ rows: [StoredRow?], _ refs: [String]) throws {
        guard let index = rows.firstIndex(where: { $0 == nil }) else { return }
        throw WireError(
            .notFound,
            "refs[\(index)] \(refs[index]) has no array behind it",
            details: ["ref": .string(refs[index]), "index": .integer(Int64(index))]
        )
    }

    /// What is stored behind references, in their order; nil where a row has no array.
    func find(_ refs: [String], _ context: CallContext) async throws -> [StoredRow?] {
        let refs = try refs.map { text throws(WireError) in try FrameRef(text) }
        let runIDs = Set(refs.map(\.runID))
        // Rows that are written but not committed may still change.
        let committed = try await catalog.read { connection in
            try checkVault(refs, context.access, connection)
            return try runIDs.reduce(into: [:]) { $0[$1] = try RunStore.committedRows($1, connection) }
        }
        let places = refs.indices.filter { refs[$0].index < committed[refs[$0].runID]?[refs[$0].dataset] ?? 0 }
        let found = try await arrays.stored(places.map { refs[$0] }, atMost: context.limits.attachments)
        var rows = [StoredRow?](repeating: nil, count: refs.count)
        for (place, row) in zip(places, found) { rows[place] = row }
        return rows
    }
}
