import HDF5
import NIOCore
import Wire

extension Replay {
    /// `steps.append`: encodes the arrays now; in its turn, rows first, then the arrays with the indices they got.
    func append(
        _ parameters: StepsAppend,
        _ context: CallContext
    ) async throws -> @Sendable (WriteTransaction) throws -> StepsAppend.Result {
        let runID = parameters.runID
        try RunMethods.check(runID)
        var batch: StepBatch
        switch (parameters.steps, parameters.count, parameters.columns) {
        case (let steps?, nil, nil): batch = try StepBatch(steps: steps)
        case (nil, let count?, let columns?): batch = try StepBatch(count: count, columns: columns)
        default: throw WireError.invalidParams("steps.append takes either steps, or count and columns")
        }
        let compression = try await compression(of: runID, context)
        var encoded: [[EncodedChunk]] = []
        for attached in batch.attached {
            var rows: [EncodedChunk] = []
            for source in attached.source { rows += try await arrays.encode(source, for: compression) }
            encoded.append(rows)
        }
        batch.releaseSources()
        return { [batch, encoded] transaction in
            var writer = StepWriter(
                batch: batch,
                encoded: encoded,
                compression: compression,
                runID: runID,
                transaction: transaction
            )
            return try writer.write()
        }
    }

    private func compression(of runID: String, _ context: CallContext) async throws -> Compression {
        @Sendable func find(_ connection: Connection) throws -> Compression? {
            try connection.first("SELECT compression FROM runs WHERE run_id = ?", runID) {
                Compression($0.string(0)) ?? .lzf
            }
        }
        if let compression = try await catalog.read(find) { return compression }
        // The run may be started by a request that came just before this one.
        await context.earlierWrites()
        if let compression = try await catalog.read(find) { return compression }
        throw WireError.notFound("run \"\(runID)\" does not exist; start it with runs.start")
    }
}
