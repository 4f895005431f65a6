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
        let rows = try await read(parameters.refs, context)
        if (parameters.missing ?? .error) == .error { try checkAllFound(rows, parameters.refs) }
        return FramesResolve.Result(frames: .separate(try rows.map { try $0?.wireArray() }))
    }

    /// The arrays behind references as one; nil without references.
    func stack(_ refs: [String], _ context: CallContext) async throws -> ArrayValue? {
        let rows = try await read(refs, context)
        try checkAllFound(rows, refs)
        return try StoredArray.stack(rows.compactMap { $0 })
    }

    private func checkAllFound(_ rows: [StoredArray?], _ refs: [String]) throws {
        guard let index = rows.firstIndex(where: { $0 == nil }) else { return }
        throw WireError(
            .notFound,
            "refs[\(index)] \(refs[index]) has no array behind it",
            details: ["ref": .string(refs[index]), "index": .integer(Int64(index))]
        )
    }

    /// Reads in pieces, so that a result that is too large is noticed before all of it is in memory.
    private func read(_ refs: [String], _ context: CallContext) async throws -> [StoredArray?] {
        let refs = try refs.map { text throws(WireError) in try FrameRef(text) }
        var rows: [StoredArray?] = []
        rows.reserveCapacity(refs.count)
        var bytes = 0
        for start in stride(from: 0, to: refs.count, by: 512) {
            let piece = try await arrays.read(Array(refs[start..<min(start + 512, refs.count)]))
            bytes += piece.reduce(0) { $0 + ($1?.bytes.readableBytes ?? 0) }
            guard bytes <= context.limits.attachments else {
                throw WireError(
                    .resultTooLarge,
                    "the arrays of \(refs.count) references pass the limit; ask for fewer at a time",
                    details: ["limit": .integer(Int64(context.limits.attachments))]
                )
            }
            rows += piece
        }
        return rows
    }
}
