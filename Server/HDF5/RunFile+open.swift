import CHDF5

extension RunFile {
    /// Opens a file for writing at exactly the committed rows, repairing it where its last writer was killed.
    ///
    /// A dataset that `committedRows` does not name has none committed. A file that does not have all the committed
    /// rows, or will not open, is `damaged`, and untouched unless the repair itself failed.
    package static func open(
        _ path: String,
        committedRows: [String: Int],
        on executor: HDF5Executor
    ) throws(HDF5Error) -> (file: RunFile, recovery: Recovery) {
        executor.assertIsCurrent()
        if let (name, rows) = committedRows.first(where: { $0.value < 0 }) {
            throw HDF5Error(.invalid, "open", path, "\(rows) rows of \"\(name)\"")
        }
        let superblock = try Superblock(path: path)
        do throws(HDF5Error) {
            var recovery = Recovery()
            recovery.cuts = try inspect(path, superblock, committedRows)
            recovery.wasRepaired = superblock.needsRepair
            if !recovery.isNothing { try repair(path, recovery) }
            let file = try OpenFile.openForWriting(path)
            for (name, dataset) in file.datasets {
                try verify(dataset, rows: committedRows[name] ?? 0, path)
            }
            return (try RunFile(file, on: executor), recovery)
        } catch {
            throw error.asDamage()
        }
    }

    /// Opens a file that nobody is writing, or another process, for reading.
    package static func openReadOnly(_ path: String, on executor: HDF5Executor) throws(HDF5Error) -> RunFile {
        executor.assertIsCurrent()
        _ = try Superblock(path: path)
        do throws(HDF5Error) {
            let file = try OpenFile.open(path, chdf5_read_only() | chdf5_swmr_read(), isLive: true)
            return try RunFile(file, on: executor)
        } catch {
            throw error.asDamage()
        }
    }

    /// Looks, without a change to the file, whether it has the committed rows; returns what it has beyond them.
    private static func inspect(
        _ path: String,
        _ superblock: Superblock,
        _ committedRows: [String: Int]
    ) throws(HDF5Error) -> [Recovery.Cut] {
        guard superblock.isMarkedOpen || !superblock.isTooShort else {
            throw HDF5Error(
                .damaged,
                "open",
                path,
                "the file was cut from \(superblock.recordedEnd) to \(superblock.actualEnd) bytes"
            )
        }
        let file = try OpenFile.open(path, chdf5_read_only() | chdf5_swmr_read())
        for (name, rows) in committedRows where rows > file.datasets[name]?.extent ?? 0 {
            throw HDF5Error(
                .damaged,
                "open",
                path,
                "dataset \"\(name)\" has \(file.datasets[name]?.extent ?? 0) rows of \(rows) committed"
            )
        }
        var cuts: [Recovery.Cut] = []
        for (name, dataset) in file.datasets.sorted(by: { $0.key < $1.key }) {
            let rows = committedRows[name] ?? 0
            if superblock.isTooShort { try dataset.checkEnd(rows: rows, end: superblock.actualEnd, path) }
            if dataset.extent > rows { cuts.append(.init(dataset: name, from: dataset.extent, to: rows)) }
        }
        try file.close()
        return cuts
    }

    /// Brings the file back to the committed rows and marks it as closed.
    private static func repair(_ path: String, _ recovery: Recovery) throws(HDF5Error) {
        let file = try OpenFile.open(path, chdf5_read_write(), repairs: recovery.wasRepaired)
        if recovery.wasRepaired {
            // The end by the file's own account may lie before what was written after it was recorded: without this
            // the next append would overwrite that.
            try check(H5Fincrement_filesize(file.id, 0), "H5Fincrement_filesize", path)
        }
        for cut in recovery.cuts { try file.dataset(cut.dataset).setExtent(cut.to) }
        try file.flush()
        try file.close()
        try FileDescriptor(path, 0).synchronize()
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
            case .chunkPerRow: _ = try dataset.read(index)
            case .plain: _ = try dataset.readBlock(index..<index + 1)
            }
        }
    }
}
