import HDF5
import Wire

extension RunMethods {
    /// `runs.seal`: the new file is written and compared now; in its turn it takes the old one's place, if nothing was added.
    func seal(_ parameters: RunsSeal) async throws -> @Sendable (WriteTransaction) throws -> RunsSeal.Result {
        let runID = parameters.runID
        try Self.check(runID)
        let form = try Self.form(parameters)
        let isAgain = parameters.again ?? false
        let before = try await catalog.read { try Self.sealable(runID, again: isAgain, $0) }
        let sealed = try await arrays.makeSealed(runID, createdAt: before.startedAt, as: form)
        return { [arrays] transaction in
            let now = try Self.sealable(runID, again: isAgain, transaction.connection)
            guard now.nextRow == before.nextRow, now.nextEpisode == before.nextEpisode else {
                throw WireError(.overloaded, "run \"\(runID)\" was written to while it was sealed; try again")
            }
            try transaction.connection.execute(
                "UPDATE runs SET compression = ?, sealed_at = ? WHERE run_id = ?",
                form.compression.description,
                form.sealedAt,
                runID
            )
            transaction.afterCommit {
                sealed.keep()
                arrays.replaceBySealed(runID)
                sealed.release()
            }
            return RunsSeal.Result(
                runID: runID,
                bytesBefore: sealed.bytesBefore,
                bytes: sealed.bytes,
                compression: form.compression.description,
                rowsPerChunk: sealed.rowsPerChunk
            )
        }
    }

    private static func form(_ parameters: RunsSeal) throws -> SealedForm {
        let level = parameters.level ?? 9
        guard (1...9).contains(level) else {
            throw WireError.invalidParams("params.level is \(level); zlib's levels are 1 (fast) to 9 (small)")
        }
        if let rows = parameters.rowsPerChunk, rows < 1 {
            throw WireError.invalidParams("params.rows_per_chunk is \(rows); a chunk has at least 1 row")
        }
        return SealedForm(
            rowsPerChunk: parameters.rowsPerChunk,
            level: level,
            isPaged: parameters.paged ?? false,
            sealedAt: Timestamp.text(Timestamp.now())
        )
    }

    /// The state of a run that can be sealed.
    private static func sealable(_ runID: String, again: Bool, _ connection: Connection) throws -> RunStore.State {
        let state = try RunStore.state(runID, connection)
        let run = try connection.first("SELECT status, sealed_at IS NOT NULL FROM runs WHERE run_id = ?", runID) {
            (status: $0.string(0), isSealed: $0.bool(1))
        }
        guard run?.status != RunStatus.running.rawValue else {
            throw WireError("run_not_finished", "run \"\(runID)\" is not finished; end it with runs.finish first")
        }
        guard again || run?.isSealed != true else {
            throw WireError(
                "run_sealed",
                "run \"\(runID)\" is sealed already; to seal it anew, give again: true (--again)"
            )
        }
        guard state.nextRow > 0 else { throw WireError.notFound("run \"\(runID)\" has no steps") }
        return state
    }
}
