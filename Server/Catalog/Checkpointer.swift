import Dispatch
import GRDB
import GRDBSQLite
import Logging
import Synchronization

/// Folds the write-ahead log into the database on a thread of its own: SQLite would do it at the end of a commit, which then
/// takes as long as all of the pages do to be written and synced.
///
/// While others commit, a fold never gets to the log's end, and the log only grows: SQLite starts it anew when all of it is
/// folded. So a commit folds the rest by itself once the log is long and the rest short.
final class Checkpointer: Sendable {
    /// Pages that are not folded yet from which on they are, 16 MiB: most of them are the same few, again and again.
    private static let pages = 4096
    /// Pages from which on the log is to start anew: 64 MiB.
    private static let manyPages = 16_384
    /// A rest that a commit folds in a few milliseconds, and that it tries to fold at all.
    private static let fewPages = 64...512
    /// Pages from which on a commit folds whatever is left, since the log grows faster than this thread folds: 256 MiB.
    private static let mostPages = 65_536

    private let database: DatabaseQueue
    private let thread = DispatchQueue(label: "holdfast.checkpointer")
    private let isScheduled = Atomic(false)
    /// Pages of the log when it was folded the last time, and how many of them readers let through into the database.
    private let last = Mutex((seen: 0, folded: 0))
    /// Why the log was not folded the last time, which is said once.
    let failure = Mutex<String?>(nil)
    private let logger = Logger(label: "holdfast.checkpointer")

    /// - Parameter path: Of a database that has a write-ahead log.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.label = "holdfast.checkpointer"
        database = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Takes the folding over from the connection that writes; it must not outlive this object.
    func serve(_ writer: Database) {
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe sqlite3_wal_hook(
            writer.sqliteConnection,
            { context, connection, _, pages in
                guard let context = unsafe context else { return SQLITE_OK }
                let checkpointer = unsafe Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue()
                unsafe checkpointer.committed(connection, Int(pages))
                return SQLITE_OK
            },
            this
        )
    }

    /// After a commit that left so many pages in the log.
    private func committed(_ connection: OpaquePointer?, _ pages: Int) {
        let (seen, folded) = last.withLock { last in
            // It was started anew.
            if pages < last.seen { last = (0, 0) }
            return last
        }
        let isTooLong = pages >= Self.mostPages && pages - seen >= Self.fewPages.lowerBound
        let canStartAnew = pages >= Self.manyPages && Self.fewPages.contains(pages - folded)
        if isTooLong || canStartAnew {
            var done: CInt = 0
            // Its failure is not the commit's, which is done.
            let code = unsafe sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, &done)
            last.withLock { $0 = (pages, code == SQLITE_OK ? Int(done) : $0.folded) }
        } else if pages - seen >= Self.pages {
            schedule()
        }
    }

    private func schedule() {
        guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        thread.async { [self] in
            // Before it is folded: a commit from now on may come too late for this time.
            isScheduled.store(false, ordering: .releasing)
            fold()
        }
    }

    private func fold() {
        do {
            let result = try database.writeWithoutTransaction { try $0.checkpoint(.passive) }
            last.withLock { $0 = (result.walFrameCount, result.checkpointedFrameCount) }
            failure.withLock { $0 = nil }
        } catch {
            let isNew = failure.withLock { last in
                defer { last = "\(error)" }
                return last == nil
            }
            // Where it is busy, another program folds it.
            guard isNew, (error as? DatabaseError)?.resultCode != .SQLITE_BUSY else { return }
            logger.warning(
                "what was committed is safe in telemetry.sqlite-wal, but could not be moved into telemetry.sqlite; see that the disk has room and may be written",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// Waits for what is under way.
    func settle() { thread.sync {} }

    /// Leaves the log to the connection that writes.
    func close(_ writer: Database) throws {
        _ = unsafe sqlite3_wal_hook(writer.sqliteConnection, nil, nil)
        settle()
        try database.close()
    }
}
