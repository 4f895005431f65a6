import Foundation
import HDF5
import Wire

/// The runs that keep the arrays given to `images.insert`: `images`, then those that continue it, `images.2`, `images.3`, ….
///
/// A new dataset comes into a file by a copy that takes its place, since others may be reading it: with pictures of ever new
/// sizes in one file, all of them would be copied again and again. So a size that is new goes into the newest file as long as
/// that is small, and else begins another one.
enum ImageRuns {
    /// From here on, by its datasets or by its bytes, a file takes no further dataset.
    private static let (mostDatasets, mostBytes) = (128, 32 << 20)

    /// The runs there are, the oldest first.
    static func all(_ connection: Connection) throws -> [String] {
        try [RunID.images]
            + connection.rows("SELECT run_id FROM runs WHERE continues = 'images' ORDER BY rowid") { $0.string(0) }
    }

    /// The run in which a dataset is, or shall be: its file is ready to be written to in this group.
    static func run(of spec: DatasetSpec, _ arrays: ArrayStore, _ transaction: WriteTransaction) throws -> String {
        let connection = transaction.connection
        let known = try connection.first(
            """
            SELECT run_id FROM run_datasets AS d JOIN runs USING (run_id)
            WHERE name = ? AND counted_by = 'itself' AND (d.run_id = 'images' OR continues = 'images')
            """,
            spec.name
        ) { $0.string(0) }
        let runID = try known ?? newest(arrays, connection)
        try RunStore.beginArrays(runID, try RunStore.anyState(runID, connection), transaction)
        if known == nil {
            try RunStore.registerDataset(spec.name, spec.layout, countedBy: .itself, runID: runID, connection)
        }
        return runID
    }

    /// The run that new datasets go into, made if need be.
    private static func newest(_ arrays: ArrayStore, _ connection: Connection) throws -> String {
        let last = try last(connection)
        if try takesMore(last, arrays, connection) { return last }
        let next = try next(after: last, arrays, connection)
        let now = Timestamp.text(Timestamp.now())
        try connection.execute(
            """
            INSERT INTO runs (run_id, status, tags, compression, started_at, heartbeat_at, continues)
            VALUES (?1, 'running', '[]', 'lzf', ?2, ?2, 'images')
            """,
            next,
            now
        )
        return next
    }

    private static func last(_ connection: Connection) throws -> String {
        try connection.first("SELECT run_id FROM runs WHERE continues = 'images' ORDER BY rowid DESC LIMIT 1") {
            $0.string(0)
        } ?? RunID.images
    }

    private static func takesMore(_ runID: String, _ arrays: ArrayStore, _ connection: Connection) throws -> Bool {
        let count = try connection.first("SELECT count(*) FROM run_datasets WHERE run_id = ?", runID) { $0.int(0) } ?? 0
        return count < mostDatasets && FileManager.default.size(of: arrays.path(runID)) < mostBytes
    }

    /// Of the runs whose files may have been written to, those that a group began which was not committed.
    static func uncommitted(_ noted: Set<String>, _ connection: Connection) throws -> [String] {
        try noted.filter { try RunID.isReserved($0) && !isKnown($0, connection) }
    }

    /// The next name that no run has: users' runs may have got such names before they were reserved.
    private static func next(
        after runID: String,
        _ arrays: ArrayStore,
        _ connection: Connection
    ) throws -> String {
        var number = Int(runID.dropFirst(RunID.images.count + 1)) ?? 1
        while true {
            number += 1
            let name = "\(RunID.images).\(number)"
            if try !isKnown(name, connection), !isOfAnotherDatabase(name, arrays) { return name }
        }
    }

    /// Whether there is a file that no group of this server began: it belongs to what the database was before an older copy
    /// was put in its place.
    private static func isOfAnotherDatabase(_ runID: String, _ arrays: ArrayStore) -> Bool {
        FileManager.default.fileExists(atPath: arrays.path(runID)) && !arrays.journal.open.contains(runID)
    }

    private static func isKnown(_ runID: String, _ connection: Connection) throws -> Bool {
        try connection.first("SELECT 1 FROM runs WHERE run_id = ?", runID) { _ in true } ?? false
    }
}
