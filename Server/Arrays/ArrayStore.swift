import Foundation
import HDF5
import Logging
import NIOCore
import Synchronization
import Wire

/// The array files of all runs: written by the writer before its commit, read by everybody.
final class ArrayStore: Sendable {
    let directory: String
    let executor: HDF5Executor
    let open: OpenFiles
    let codec = RowCodec()
    let pool = CodecPool()
    /// Files that are being made to take the place of runs'.
    let claims = Claims()
    let logger = Logger(label: "holdfast.arrays")
    /// The runs whose file is open for writing; known without asking the executor.
    private let writable = Mutex<Set<String>>([])
    /// The runs whose file could not be repaired, why, and which file that was: what the library would read there may be zeros.
    private let damaged = Mutex<[String: (error: HDF5Error, file: FileIdentity?)]>([:])
    /// The runs whose file was not repaired when the server started, for whatever reason: the next start tries again.
    private let unrepaired = Mutex<Set<String>>([])
    /// The files in which an earlier server crashed.
    private let faults: FaultNotes
    /// The files that may have been written to since they were closed in order.
    let journal: OpenJournal
    private let repairs: any FileRepair

    init(directory: String, repairs: any FileRepair) throws {
        self.directory = directory
        self.repairs = repairs
        executor = try HDF5Executor()
        open = OpenFiles(executor: executor)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        faults = try FaultNotes(directory: directory)
        journal = try OpenJournal(directory: directory)
    }

    /// Behind the name of a file that was set aside.
    static let unknownSuffix = ".unknown"

    func isWritable(_ runID: String) -> Bool { writable.withLock { $0.contains(runID) } }

    /// Whoever writes to a run next opens its file anew.
    func willReplace(_ runID: String) { writable.withLock { _ = $0.remove(runID) } }

    var unrepairedRuns: Set<String> { unrepaired.withLock { $0 } }

    // MARK: Writing

    /// Encodes rows for a file, in parallel.
    func encode(_ source: RowSource, for compression: Compression) async throws -> [EncodedChunk] {
        let codec = codec
        return try await pool.map(Array(0..<source.count)) {
            try source.encoded($0, for: compression, codec: codec)
        }
    }

    /// Puts the arrays of a stage into their files and syncs them. Blocks; for the writer's thread.
    ///
    /// Returns the runs whose file failed, and what their writes are answered with.
    func write(_ stage: ArrayStage, synchronize: Bool) -> [String: WireError] {
        var failures: [String: WireError] = [:]
        let entries = Dictionary(grouping: stage.entries, by: \.runID)
        for runID in stage.runIDs {
            do throws(HDF5Error) {
                try write(entries[runID] ?? [], runID: runID, opening: stage.openings[runID], synchronize: synchronize)
            } catch {
                failures[runID] = Self.wireError(error, runID: runID)
                logger.error("writing a run file failed", metadata: ["run": "\(runID)", "error": "\(error)"])
            }
        }
        while let idle = executor.sync({ open.surplusWritable }) { close(idle) }
        return failures
    }

    private func write(
        _ entries: [ArrayStage.Entry],
        runID: String,
        opening: ArrayStage.Opening?,
        synchronize: Bool
    ) throws(HDF5Error) {
        guard let first = entries.first else { return }
        let file = try executor.sync { () throws(HDF5Error) in
            try openForWriting(runID, opening: opening, first: first)
        }
        // A job for each entry lets reads in between.
        for entry in entries { try executor.sync { () throws(HDF5Error) in try file.append(entry.columns) } }
        try executor.sync { () throws(HDF5Error) in try file.flush() }
        if synchronize { try file.synchronize() }
    }

    private func openForWriting(
        _ runID: String,
        opening: ArrayStage.Opening?,
        first: ArrayStage.Entry
    ) throws(HDF5Error) -> RunFile {
        if let file = open.writable(runID) { return file }
        guard let opening else {
            throw HDF5Error(.invalid, "open for writing", path(runID), "its committed rows are not known")
        }
        try open.close(runID)
        let wasNoted = journal.open.contains(runID)
        try journal.note(runID)
        let file: RunFile
        if opening.committedRows.isEmpty {
            // A file without committed rows is left over from a group that was not committed, or of another database.
            if wasNoted { try removeIfPresent(runID) } else { try setAside(runID) }
            file = try RunFile.create(
                path(runID),
                attributes: [
                    ("run_id", runID), ("created_at", opening.createdAt), ("version", "holdfast/\(holdfastVersion)"),
                ],
                compression: opening.compression,
                datasets: first.datasets,
                on: executor
            )
        } else {
            let recovery: Recovery
            (file, recovery) = try openRepaired(runID, committedRows: opening.committedRows)
            if !recovery.isNothing { try file.append(opening.restored) }
        }
        try open.add(file, runID: runID, isWritable: true)
        writable.withLock { _ = $0.insert(runID) }
        return file
    }

    private func removeIfPresent(_ runID: String) throws(HDF5Error) {
        try RepairLog.discard(path(runID))
        guard exists(runID) else { return }
        do {
            try FileManager.default.removeItem(atPath: path(runID))
        } catch {
            throw HDF5Error(.failed, "remove", path(runID), "\(error)")
        }
    }

    /// Moves a file away that no group of this directory's database began.
    private func setAside(_ runID: String) throws(HDF5Error) {
        guard exists(runID) else { return }
        try RepairLog.finish(path(runID))
        let place = "\(path(runID)).\(Timestamp.text(Timestamp.now()).replacing(":", with: "-"))\(Self.unknownSuffix)"
        do {
            try FileManager.default.moveItem(atPath: path(runID), toPath: place)
        } catch {
            throw HDF5Error(.failed, "move", path(runID), "\(error)")
        }
        logger.warning(
            "the database knows nothing of an array file that a run needs the place of; it was moved",
            metadata: ["run": "\(runID)", "to": "\(place)"]
        )
    }

    private func openRepaired(
        _ runID: String,
        committedRows: [String: Int]
    ) throws(HDF5Error) -> (RunFile, Recovery) {
        let path = path(runID)
        try checkWhole(runID)
        try faults.check(path)
        do throws(HDF5Error) {
            let repaired = try RunFile.needsRepair(path) ? repairs.repair(path, committedRows: committedRows) : nil
            let (file, cut) = try RunFile.open(path, committedRows: committedRows, on: executor)
            damaged.withLock { $0[runID] = nil }
            unrepaired.withLock { _ = $0.remove(runID) }
            let recovery = repaired ?? cut
            if !recovery.isNothing {
                logger.notice("run file repaired", metadata: ["run": "\(runID)", "did": "\(recovery)"])
            }
            return (file, recovery)
        } catch {
            if error.kind == .damaged { damaged.withLock { $0[runID] = (error, FileIdentity(path)) } }
            throw error
        }
    }

    /// Throws where the file could not be repaired before and is still the same one.
    private func checkWhole(_ runID: String) throws(HDF5Error) {
        guard let known = damaged.withLock({ $0[runID] }), known.file == FileIdentity(path(runID)) else { return }
        throw known.error
    }

    /// Closes the files that a failed group wrote to; what it wrote is cut off when they are opened again.
    func discard(_ stage: ArrayStage) {
        for runID in stage.runIDs { close(runID) }
    }

    /// Closes a run's file, so that any HDF5 program can open it.
    func close(_ runID: String) {
        writable.withLock { _ = $0.remove(runID) }
        do throws(HDF5Error) {
            try executor.sync { () throws(HDF5Error) in try open.close(runID) }
        } catch {
            logger.error("closing a run file failed", metadata: ["run": "\(runID)", "error": "\(error)"])
        }
    }

    /// Closes all files.
    func closeAll() {
        for runID in executor.sync({ open.runIDs }) { close(runID) }
    }

    /// Brings a file that may have been written to back to what is committed, and closes it.
    ///
    /// - Parameter restored: Is always written: after a loss of power nothing else need show that a writer was there.
    func repair(_ runID: String, committedRows: [String: Int], restored: [Column]) throws(HDF5Error) {
        do throws(HDF5Error) {
            try executor.sync { () throws(HDF5Error) in
                let (file, _) = try openRepaired(runID, committedRows: committedRows)
                try file.append(restored)
                try file.close()
            }
        } catch {
            unrepaired.withLock { _ = $0.insert(runID) }
            throw error
        }
    }

    func exists(_ runID: String) -> Bool { FileManager.default.fileExists(atPath: path(runID)) }

    /// At start-up: removes a file that has no committed row.
    func removeUncommitted(_ runID: String) {
        do throws(HDF5Error) {
            try executor.sync { () throws(HDF5Error) in try removeIfPresent(runID) }
        } catch {
            logger.error("removing a run file failed", metadata: ["run": "\(runID)", "error": "\(error)"])
        }
    }

    /// Removes a run's file; nobody opens it again.
    func delete(_ runID: String) {
        writable.withLock { _ = $0.remove(runID) }
        damaged.withLock { $0[runID] = nil }
        unrepaired.withLock { _ = $0.remove(runID) }
        do throws(HDF5Error) {
            // In one job, so that no reader comes between.
            try executor.sync { () throws(HDF5Error) in
                open.delete(runID)
                try open.close(runID)
                try removeIfPresent(runID)
            }
        } catch {
            logger.error("deleting a run file failed", metadata: ["run": "\(runID)", "error": "\(error)"])
        }
    }

    /// Reads from a run's file, or from nil where it has none.
    func withFile<Value: Sendable>(
        of runID: String,
        _ body: @escaping @Sendable (RunFile?) throws(HDF5Error) -> Value
    ) async throws -> Value {
        do throws(HDF5Error) {
            return try await executor.run { () throws(HDF5Error) in try body(try openForReading(runID)) }
        } catch {
            throw Self.wireError(error, runID: runID)
        }
    }

    func openForReading(_ runID: String) throws(HDF5Error) -> RunFile? {
        if let file = open.any(runID) { return file }
        guard !open.isDeleted(runID) else { return nil }
        try checkWhole(runID)
        guard exists(runID) else { return nil }
        let file = try openReadOnly(path(runID))
        try open.add(file, runID: runID, isWritable: false)
        return file
    }

    func openReadOnly(_ path: String) throws(HDF5Error) -> RunFile {
        try faults.check(path)
        return try RunFile.openReadOnly(path, on: executor)
    }

    func path(_ runID: String) -> String { "\(directory)/\(runID).h5" }

    static func wireError(_ error: HDF5Error, runID: String) -> WireError {
        if error.isDiskFull {
            return WireError(
                .diskFull,
                "the disk of the data directory is full; nothing was stored. Free space and send again."
            )
        }
        switch error.kind {
        case .damaged, .torn:
            return WireError(
                .runDamaged,
                "the array file of run \"\(runID)\" is damaged: \(error)",
                details: ["run_id": .string(runID)]
            )
        case .failed, .unsupported, .invalid:
            return WireError(.internalError, "the array file of run \"\(runID)\" failed: \(error)")
        }
    }
}
