import CHDF5

extension RunFile {
    /// Whether a file was not closed by its last writer, or lost its end with the power.
    package static func needsRepair(_ path: String) throws(HDF5Error) -> Bool {
        if try RepairLog.exists(path) { return true }
        return try Superblock(path: path).needsRepair
    }

    /// Opens a file for writing at exactly the committed rows, repairing it where that is needed: in place, as a whole or not
    /// at all.
    ///
    /// A dataset that `committedRows` does not name has none committed. A file that does not have all the committed
    /// rows is `damaged`, and untouched. One that was not closed and will not open, or in which the repair fails, is `torn`: the
    /// library's own memory may be spoilt by then, so that whoever is told so ends, and has another process `rebuild` it.
    package static func open(
        _ path: String,
        committedRows: [String: Int],
        on executor: HDF5Executor
    ) throws(HDF5Error) -> (file: RunFile, recovery: Recovery) {
        executor.assertIsCurrent()
        if let (name, rows) = committedRows.first(where: { $0.value < 0 }) {
            throw HDF5Error(.invalid, "open", path, "\(rows) rows of \"\(name)\"")
        }
        let wasInterrupted = try RepairLog.finish(path)
        let superblock = try Superblock(path: path)
        let needsRepair = superblock.needsRepair || wasInterrupted
        do throws(HDF5Error) {
            var recovery: Recovery
            do throws(HDF5Error) {
                recovery = try inspect(path, superblock, committedRows)
            } catch {
                // A dataset's header that a kill left half written shows at once.
                guard needsRepair, error.kind == .failed, error.errno == 0 else { throw error }
                throw HDF5Error(.torn, error.operation, error.subject, error.message)
            }
            recovery.wasRepaired = needsRepair
            do throws(HDF5Error) {
                if !recovery.isNothing { try repair(path, recovery, committedRows) }
                return (try openVerified(path, committedRows, on: executor), recovery)
            } catch {
                guard recovery.wasRepaired, error.errno == 0 else { throw error }
                throw HDF5Error(.torn, error.operation, error.subject, error.message)
            }
        } catch {
            throw error.asDamage()
        }
    }

    private static func openVerified(
        _ path: String,
        _ committedRows: [String: Int],
        on executor: HDF5Executor
    ) throws(HDF5Error) -> RunFile {
        let file = try OpenFile.openForWriting(path)
        for (name, dataset) in file.datasets { try verify(dataset, rows: committedRows[name] ?? 0, path) }
        return try RunFile(file, isWritable: true, on: executor)
    }

    /// Puts a new file with exactly the committed rows in the place of one that is torn.
    ///
    /// Part of an index that only rows on their way needed may be torn; whatever can be read can be copied. Metadata
    /// that was half written is mended first.
    package static func rebuild(
        _ path: String,
        committedRows: [String: Int],
        on executor: HDF5Executor
    ) throws(HDF5Error) -> Recovery {
        executor.assertIsCurrent()
        try RepairLog.finish(path)
        do throws(HDF5Error) {
            _ = try TornMetadata.mend(path, committedRows: Set(committedRows.values))
            var recovery = try inspect(path, Superblock(path: path), committedRows)
            recovery.wasRepaired = true
            recovery.wasRebuilt = true
            try copy(path, committedRows)
            try openVerified(path, committedRows, on: executor).close()
            return recovery
        } catch {
            throw error.asDamage()
        }
    }

    private static func copy(_ path: String, _ committedRows: [String: Int]) throws(HDF5Error) {
        let old = try OpenFile.open(path, chdf5_read_only() | chdf5_swmr_read(), repairs: true)
        let compression = try old.readCompression()
        let attributes = try Attributes.readAll(of: old.id, path: path)
        try Draft.write(path) { (draft) throws(HDF5Error) in
            let file = try OpenFile.create(draft)
            for (name, value) in attributes.sorted(by: { $0.key < $1.key }) where name != "compression" {
                try Attributes.write(value, name: name, to: file.id)
            }
            try Attributes.writeFixed(compression.description, name: "compression", to: file.id)
            for (name, rows) in committedRows.sorted(by: { $0.key < $1.key }) {
                let source = try old.dataset(name)
                try file.add(source.spec, rows: rows, compression: compression)
                try file.dataset(name).copy(rows, of: source)
            }
            try file.flush()
            try file.close()
        }
        try old.close()
    }

    /// Opens a file that nobody is writing, or another process, for reading.
    package static func openReadOnly(_ path: String, on executor: HDF5Executor) throws(HDF5Error) -> RunFile {
        executor.assertIsCurrent()
        guard try !RepairLog.exists(path) else {
            throw HDF5Error(.failed, "open", path, "its repair was interrupted; the next start of the server ends it")
        }
        let superblock = try Superblock(path: path)
        // The library would read zeros where the end is missing. A file that is being written says later where it ends.
        guard superblock.isMarkedOpen || !superblock.isTooShort else {
            throw HDF5Error(
                .damaged,
                "open",
                path,
                "the file ends after \(superblock.actualEnd) of \(superblock.recordedEnd) bytes"
            )
        }
        do throws(HDF5Error) {
            let file = try OpenFile.open(path, chdf5_read_only() | chdf5_swmr_read(), repairs: true, isLive: true)
            return try RunFile(file, isWritable: false, on: executor)
        } catch {
            throw error.asDamage()
        }
    }

    /// Looks, without a change to the file, whether it has the committed rows; returns what it has beyond them.
    ///
    /// Also a file that was closed may lack its end, when power was lost before that reached the disk; what counts is
    /// whether committed rows lay there. And a repair that was itself interrupted leaves a mark that the library refuses:
    /// hence the property list of repairs.
    private static func inspect(
        _ path: String,
        _ superblock: Superblock,
        _ committedRows: [String: Int]
    ) throws(HDF5Error) -> Recovery {
        let file = try OpenFile.open(path, chdf5_read_only() | chdf5_swmr_read(), repairs: true)
        for (name, rows) in committedRows where rows > file.datasets[name]?.extent ?? 0 {
            throw HDF5Error(
                .damaged,
                "open",
                path,
                "dataset \"\(name)\" has \(file.datasets[name]?.extent ?? 0) rows of \(rows) committed"
            )
        }
        var recovery = Recovery()
        for (name, dataset) in file.datasets.sorted(by: { $0.key < $1.key }) {
            guard let rows = committedRows[name] else {
                recovery.removals.append(name)
                continue
            }
            if superblock.isTooShort { try dataset.checkEnd(rows: rows, end: superblock.actualEnd, path) }
            if dataset.extent > rows { recovery.cuts.append(.init(dataset: name, from: dataset.extent, to: rows)) }
        }
        try file.close()
        return recovery
    }

    /// Brings the file back to the committed rows and marks it as closed.
    private static func repair(
        _ path: String,
        _ recovery: Recovery,
        _ committedRows: [String: Int]
    ) throws(HDF5Error) {
        if recovery.wasRepaired { try probe(path, committedRows) }
        let overlay = try Overlay(path)
        do throws(HDF5Error) {
            try repair(path, overlay, recovery, committedRows)
        } catch {
            throw overlay.failure ?? error
        }
        try RepairLog(overlay, of: path).commit()
    }

    /// Throws where the index of a dataset names blocks that never reached the disk.
    ///
    /// Each dataset by itself, with all that is written thrown away: what another one adds to the file could come to lie where
    /// such a block is said to be, and the library takes it for that as long as it has it in memory.
    private static func probe(_ path: String, _ committedRows: [String: Int]) throws(HDF5Error) {
        for (name, rows) in committedRows.sorted(by: { $0.key < $1.key }) {
            let overlay = try Overlay(path)
            do throws(HDF5Error) {
                let file = try OpenFile.open(path, chdf5_read_write(), repairs: true, overlay: overlay, only: name)
                try check(H5Fincrement_filesize(file.id, 0), "H5Fincrement_filesize", path)
                try file.dataset(name).probeIndex(from: rows)
                try file.close()
            } catch {
                throw overlay.failure ?? error
            }
        }
    }

    private static func repair(
        _ path: String,
        _ overlay: Overlay,
        _ recovery: Recovery,
        _ committedRows: [String: Int]
    ) throws(HDF5Error) {
        let file = try OpenFile.open(path, chdf5_read_write(), repairs: true, overlay: overlay)
        for name in recovery.removals { try file.remove(name) }
        if recovery.wasRepaired { try secureEnd(of: file, committedRows) }
        for (name, rows) in committedRows {
            let dataset = try file.dataset(name)
            if dataset.extent != rows { try dataset.setExtent(rows) }
        }
        try file.flush()
        try file.close()
        let repaired = try OpenFile.open(path, chdf5_read_only(), overlay: overlay)
        for (name, dataset) in repaired.datasets { try verify(dataset, rows: committedRows[name] ?? 0, path) }
        try repaired.close()
    }

    /// Sees to it that no row that is appended later shares its place in the file with another.
    ///
    /// The end by the file's own account may lie before what was written after it was recorded. And the index of a
    /// dataset may name chunks beyond its extent: of rows that were on their way when the writer ended. They lie wherever
    /// that writer had put them, past the end of a file that lost power, too; shrinking the dataset over them, which
    /// removes them from the index, is only right once the end lies behind them.
    private static func secureEnd(of file: OpenFile, _ committedRows: [String: Int]) throws(HDF5Error) {
        try check(H5Fincrement_filesize(file.id, 0), "H5Fincrement_filesize", file.path)
        var end: UInt64 = 0
        for (name, rows) in committedRows { end = max(end, try file.dataset(name).uncoverChunks(from: rows)) }
        var size: hsize_t = 0
        try check(H5Fget_filesize(file.id, &size), "H5Fget_filesize", file.path)
        guard end > size else { return }
        try check(H5Fincrement_filesize(file.id, end - UInt64(size)), "H5Fincrement_filesize", file.path)
    }

    /// Reads what can be read of a dataset at no cost that grows with it.
    private static func verify(_ dataset: Dataset, rows: Int, _ path: String) throws(HDF5Error) {
        guard dataset.extent == rows else {
            throw HDF5Error(
                .damaged,
                "open",
                path,
                "dataset \"\(dataset.spec.name)\" has \(dataset.extent) rows after repair, \(rows) were committed"
            )
        }
        guard rows > 0, dataset.spec.layout.rowBytes > 0 else { return }
        for index in Set([0, rows / 2, rows - 1]) {
            switch dataset.spec.storage {
            case .chunks: _ = try dataset.read(index)
            case .plain: _ = try dataset.readBlock(index..<index + 1)
            }
        }
    }
}
