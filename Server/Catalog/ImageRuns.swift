import Foundation
import HDF5
import Wire

/// The reserved runs that keep the arrays given to `images.insert`: `images`, then `images.2`, `images.3`, and so on.
///
/// A new dataset comes into a file by a copy that takes its place, since others may be reading it: with pictures of ever new
/// sizes in one file, all of them would be copied again and again. So a size that is new goes into the newest file as long as
/// that is small, and else begins another one.
enum ImageRuns {
    /// From here on, by its datasets or by its bytes, a file takes no further dataset.
    private static let (mostDatasets, mostBytes) = (128, 32 << 20)
    private static let isOne = "(run_id = 'images' OR \(RunStore.isFurtherImages))"

    /// The runs there are, the oldest first.
    static func all(_ connection: Connection) throws -> [String] {
        try connection.rows(
            "SELECT run_id FROM runs WHERE \(isOne) ORDER BY length(run_id), run_id"
        ) { $0.string(0) }
    }

    /// The run in which a dataset is, or shall be: its file is ready to be written to in this group.
    static func run(of spec: DatasetSpec, _ arrays: ArrayStore, _ transaction: WriteTransaction) throws -> String {
        let connection = transaction.connection
        let known = try connection.first(
            "SELECT run_id FROM run_datasets WHERE name = ? AND counted_by = 'itself' AND \(isOne)",
            spec.name
        ) { $0.string(0) }
        let runID = try known ?? newest(arrays, connection)
        try RunStore.beginArrays(runID, try RunStore.state(runID, connection), transaction)
        if known == nil {
            try RunStore.registerDataset(spec.name, spec.layout, countedBy: .itself, runID: runID, connection)
        }
        return runID
    }

    /// The run that new datasets go into, made if need be.
    private static func newest(_ arrays: ArrayStore, _ connection: Connection) throws -> String {
        if let last = try all(connection).last, try takesMore(last, arrays, connection) { return last }
        let next = try next(connection)
        try add(next, connection)
        return next
    }

    /// The one that is made when no other takes a new dataset.
    static func next(_ connection: Connection) throws -> String {
        let last = try all(connection).last.flatMap { Int($0.dropFirst(RunID.images.count + 1)) }
        return RunID.images(file: (last ?? 1) + 1)
    }

    private static func takesMore(_ runID: String, _ arrays: ArrayStore, _ connection: Connection) throws -> Bool {
        let (count, others) =
            try connection.first(
                "SELECT count(*), count(*) FILTER (WHERE counted_by <> 'itself') FROM run_datasets WHERE run_id = ?",
                runID
            ) { ($0.int(0), $0.int(1)) } ?? (0, 0)
        // A run of steps may have got such a name before it was reserved.
        return others == 0 && count < mostDatasets && FileManager.default.size(of: arrays.path(runID)) < mostBytes
    }

    /// Makes a run without arrays.
    static func add(_ runID: String, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO runs (run_id, status, tags, compression, started_at, heartbeat_at)
            VALUES (?1, 'running', '[]', 'lzf', ?2, ?2)
            """,
            runID,
            Timestamp.text(Timestamp.now())
        )
    }
}
