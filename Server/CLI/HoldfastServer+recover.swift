import HDF5
import Logging
import Wire

extension HoldfastServer {
    /// Puts right what the last server left, however it ended.
    func recover(_ directory: DataDirectory, _ catalog: Catalog, _ arrays: ArrayStore) throws {
        try arrays.finishSealing { runID in
            try catalog.readNow { connection in
                try connection.first("SELECT sealed_at FROM runs WHERE run_id = ?", runID) { $0.optionalString(0) }
                    ?? nil
            }
        }
        arrays.removeCompacted(RunID.variables)
        Backup.removeUnfinished(in: directory)
        try repairUnclosed(catalog, arrays)
        // A deletion may have been committed without its file being removed any more.
        let deleted = try catalog.readNow { connection in
            try connection.rows("SELECT run_id FROM runs WHERE deleted_at IS NOT NULL") { $0.string(0) }
        }
        for runID in deleted { arrays.delete(runID) }
        for runID in try uncommitted(catalog, arrays) { arrays.removeUncommitted(runID) }
        let missing = try catalog.readNow { try RunStore.withoutFile($0, exists: arrays.exists) }
        if let first = missing.first {
            logger.error(
                "array files are missing: see that their disk is mounted, or restore them from a backup; holdfast doctor names them",
                metadata: ["runs": "\(missing.count)", "first": "\(first)"]
            )
        }
        do {
            try markFilesClosed(catalog, arrays)
        } catch {
            // They are looked at again at the next start.
            logger.warning("the repair could not be recorded", metadata: ["error": "\(error)"])
        }
    }

    /// Brings the files of runs that were not closed back to what is committed.
    private func repairUnclosed(_ catalog: Catalog, _ arrays: ArrayStore) throws {
        let noted = arrays.journal.open
        let unclosed = try catalog.readNow { connection in
            try connection.rows("SELECT run_id, file_open FROM runs WHERE deleted_at IS NULL") {
                (runID: $0.string(0), isOpen: $0.bool(1))
            }
        }.filter { $0.isOpen || noted.contains($0.runID) }.map(\.runID)
        for runID in unclosed {
            let (committed, restored) = try catalog.readNow {
                (try RunStore.committedRows(runID, $0), try StepWriter.restored(runID, $0))
            }
            do throws(HDF5Error) {
                if !committed.isEmpty {
                    try arrays.repair(runID, committedRows: committed, restored: restored)
                }
            } catch {
                // Only this run is out of service; its methods answer with the same error.
                logger.error("a run file could not be repaired", metadata: ["run": "\(runID)", "error": "\(error)"])
            }
        }
    }

    /// Records that the files are closed, but for those that could not be repaired.
    func markFilesClosed(_ catalog: Catalog, _ arrays: ArrayStore) throws {
        try catalog.markFilesClosed(except: arrays.unrepairedRuns)
        // What a group began that may be lost is left for the next start: only then is it certain.
        if try uncommitted(catalog, arrays).allSatisfy({ !arrays.exists($0) }) { arrays.journal.clear() }
    }

    /// The runs whose files have no committed row: of a first one that was written and then not committed. What is not noted was
    /// begun under another database; whoever needs its place sets it aside.
    func uncommitted(_ catalog: Catalog, _ arrays: ArrayStore) throws -> [String] {
        let noted = arrays.journal.open
        let (empty, images) = try catalog.readNow { connection in
            (
                try connection.rows(
                    """
                    SELECT run_id FROM runs AS r WHERE deleted_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM run_datasets AS d WHERE d.run_id = r.run_id)
                    """
                ) { $0.string(0) },
                try ImageRuns.uncommitted(noted, connection)
            )
        }
        return empty.filter(noted.contains) + images
    }
}
