import Dispatch
import GRDB
import GRDBSQLite
import Logging
import Synchronization

/// Folds the write-ahead log into the database on a thread of its own: SQLite would do it at the end of a commit, which then
/// takes as long as all of the pages do to be written and synced.
final class Checkpointer: Sendable {
    /// Pages in the log from which on it is folded.
    private static let pages: CInt = 1000
    /// Pages from which on a commit folds it, since it grows faster than this thread folds: 256 MiB.
    private static let mostPages: CInt = 65_536

    private let database: DatabaseQueue
    private let thread = DispatchQueue(label: "holdfast.checkpointer")
    private let isScheduled = Atomic(false)
    /// Why the log was not folded the last time, which is said once.
    private let failure = Mutex<String?>(nil)
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
                if pages >= Checkpointer.mostPages {
                    // Its failure is not the commit's, which is done.
                    _ = unsafe sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                } else if pages >= Checkpointer.pages {
                    unsafe Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue().schedule()
                }
                return SQLITE_OK
            },
            this
        )
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
            try database.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
            failure.withLock { $0 = nil }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            // Another program folds it.
        } catch {
            let isNew = failure.withLock { last in
                defer { last = "\(error)" }
                return last == nil
            }
            guard isNew else { return }
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
