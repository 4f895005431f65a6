import HDF5

/// The files that are open, the least recently used of them closed when there are too many.
///
/// `@unchecked Sendable`: its state is touched in jobs of the HDF5 executor only, as that of the files is.
final class OpenFiles: @unchecked Sendable {
    private struct Entry {
        let file: RunFile
        let isWritable: Bool
        var lastUse: Int
    }

    private static let maximum = 128
    private let executor: HDF5Executor
    private var entries: [String: Entry] = [:]
    private var clock = 0

    init(executor: HDF5Executor) { self.executor = executor }

    var runIDs: [String] { Array(entries.keys) }

    /// The open file of a run, for reading.
    func any(_ runID: String) -> RunFile? {
        clock += 1
        entries[runID]?.lastUse = clock
        return entries[runID]?.file
    }

    /// The open file of a run, if it can be written to.
    func writable(_ runID: String) -> RunFile? {
        guard let entry = entries[runID], entry.isWritable else { return nil }
        return any(runID)
    }

    /// Adds a file, and says which writable run was closed to make room.
    func add(_ file: RunFile, runID: String, isWritable: Bool) throws(HDF5Error) -> String? {
        var evicted: String?
        if entries.count >= Self.maximum, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            if oldest.value.isWritable { evicted = oldest.key }
            try close(oldest.key)
        }
        clock += 1
        entries[runID] = Entry(file: file, isWritable: isWritable, lastUse: clock)
        return evicted
    }

    func close(_ runID: String) throws(HDF5Error) {
        try entries.removeValue(forKey: runID)?.file.close()
    }
}
