import HDF5
import Wire

/// The arrays that a group of writes will put into files before it commits.
struct ArrayStage {
    /// What a file must hold before it is written to, for one that is not open yet.
    struct Opening: Sendable {
        let createdAt: String
        let compression: Compression
        /// Rows that are committed, by dataset; empty for a run without a file.
        let committedRows: [String: Int]
        /// What is written again after a repair: rows that change after they were first committed.
        let restored: [Column]
    }

    /// What one write puts into one run's file.
    struct Entry: Sendable {
        let runID: String
        let columns: [Column]

        /// The datasets that are written to, each once.
        var datasets: [DatasetSpec] {
            var known: Set<DatasetSpec> = []
            return columns.map(\.spec).filter { known.insert($0).inserted }
        }
    }

    private(set) var entries: [Entry] = []
    private(set) var openings: [String: Opening] = [:]
    private let store: ArrayStore
    private let barred: [String: WireError]

    /// - Parameter barred: runs whose file failed in this group, and how.
    init(store: ArrayStore, barred: [String: WireError]) {
        self.store = store
        self.barred = barred
    }

    /// Must be called before the rows that describe a run's arrays are changed. Whether the file has to be opened for it.
    mutating func begin(runID: String, opening: () throws -> Opening) throws -> Bool {
        if let error = barred[runID] { throw error }
        if store.isWritable(runID) { return false }
        if openings[runID] == nil { openings[runID] = try opening() }
        return true
    }

    mutating func append(_ columns: [Column], runID: String) {
        entries.append(Entry(runID: runID, columns: columns))
    }

    /// A place to go back to.
    var mark: Int { entries.count }

    /// Forgets what came after a mark. Openings stay: they say what was committed before the group.
    mutating func rewind(to mark: Int) { entries.removeSubrange(mark...) }

    /// The runs that are written to.
    var runIDs: [String] { Array(Set(entries.map(\.runID))).sorted() }
}
