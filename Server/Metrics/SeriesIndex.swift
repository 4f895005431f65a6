import Synchronization
import Wire

/// The ids of series, so that a batch does not look for each of its series in the database.
final class SeriesIndex: Sendable {
    /// More are forgotten all at once: they are found again in the database.
    private static let capacity = 100_000

    private let known = Mutex<[SeriesKey: Int64]>([:])

    /// The id of a series, which is made if it is new.
    func id(of key: SeriesKey, _ transaction: WriteTransaction) throws -> Int64 {
        if let id = known.withLock({ $0[key] }) { return id }
        let id = try find(key, transaction.connection) ?? make(key, transaction.connection)
        // Not before: what a failed transaction made is not there.
        transaction.afterCommit { [self] in
            known.withLock { known in
                if known.count >= Self.capacity { known = [:] }
                known[key] = id
            }
        }
        return id
    }

    /// Forgets the series of a run that is being deleted.
    func forget(_ runID: String, _ transaction: WriteTransaction) {
        let forget: @Sendable () -> Void = { [self] in
            known.withLock { known in known = known.filter { $0.key.runID != runID } }
        }
        forget()
        transaction.afterCommit(forget)
    }

    private func find(_ key: SeriesKey, _ connection: Connection) throws -> Int64? {
        try connection.first(
            """
            SELECT series_id FROM metric_series WHERE run_id IS ? AND source = ? AND metric_name = ? AND metric_type IS ?
            AND phase IS ? AND unit IS ? AND hostname IS ? AND process_id IS ?
            """,
            key.runID,
            key.table.rawValue,
            key.name,
            key.type,
            key.phase,
            key.unit,
            key.hostname,
            key.processID
        ) { $0.integer(0) }
    }

    private func make(_ key: SeriesKey, _ connection: Connection) throws -> Int64 {
        try connection.execute(
            """
            INSERT INTO metric_series (run_id, source, metric_name, metric_type, phase, unit, hostname, process_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            key.runID,
            key.table.rawValue,
            key.name,
            key.type,
            key.phase,
            key.unit,
            key.hostname,
            key.processID
        )
        return connection.lastInsertedRowID
    }
}
