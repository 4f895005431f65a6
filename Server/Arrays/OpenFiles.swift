import HDF5
import Synchronization

/// The files that are open, the least recently used of them closed when there are too many.
///
/// `@unchecked Sendable`: its state is touched in jobs of the HDF5 executor only, as that of the files is.
final class OpenFiles: @unchecked Sendable {
    private struct Entry {
        let file: RunFile
        let isWritable: Bool
        var lastUse: Int
    }

    /// Files of each kind that stay open.
    private static let maximum = 128
    private let executor: HDF5Executor
    private var entries: [String: Entry] = [:] { didSet { number.store(entries.count, ordering: .relaxed) } }
    /// For those who ask from elsewhere.
    private let number = Atomic(0)
    private var clock = 0
    private var deleted: Set<String> = []

    init(executor: HDF5Executor) { self.executor = executor }

    var runIDs: [String] { Array(entries.keys) }

    /// How many files are open; callable from anywhere.
    var count: Int { number.load(ordering: .relaxed) }

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

    func add(_ file: RunFile, runID: String, isWritable: Bool) throws(HDF5Error) {
        if !isWritable, let oldest = surplus(isWritable: false) { try close(oldest) }
        clock += 1
        entries[runID] = Entry(file: file, isWritable: isWritable, lastUse: clock)
    }

    /// The file that was not written to for longest, if too many are open for writing.
    ///
    /// Not closed when one is added: a group that has begun counts on those that were open then.
    var surplusWritable: String? { surplus(isWritable: true) }

    private func surplus(isWritable: Bool) -> String? {
        let files = entries.filter { $0.value.isWritable == isWritable }
        guard files.count >= Self.maximum else { return nil }
        return files.min { $0.value.lastUse < $1.value.lastUse }?.key
    }

    /// Notes that a run's file is gone for good.
    func delete(_ runID: String) { deleted.insert(runID) }

    func isDeleted(_ runID: String) -> Bool { deleted.contains(runID) }

    func close(_ runID: String) throws(HDF5Error) {
        try entries.removeValue(forKey: runID)?.file.close()
    }
}
