import CSQLite
import Foundation
import GRDB
import Synchronization
import Wire

/// The database of all domains: many readers, one writer.
final class Catalog: Sendable {
    private let pool: DatabasePool
    private let briefReader: DatabaseQueue
    private let path: String
    let writer: Writer
    let announcements = Announcements()
    /// To what a write-ahead log is cut down that was longer, when it begins anew.
    private static let restingLogBytes = 64 << 20
    private struct Copies {
        /// How many are being made.
        var count = 0
        var removals: [@Sendable () -> Void] = []
    }

    private let copies = Mutex(Copies())
    private let snapshots = OpenSnapshots()

    // Nobody asks for it, and without it a large write takes a seventh less time.
    private static let memoryStatistics = csqlite_disable_memory_statistics()

    /// Opens or makes `telemetry.sqlite` and brings its schema up to date.
    init(path: String, durability: Durability, migrations: [Migration], arrays: ArrayStore) throws {
        _ = Self.memoryStatistics
        var configuration = Configuration()
        configuration.maximumReaderCount = 4
        // Other programs may open the database, and lock it for a moment.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // It counts only before the first table is made; later it would be a write, for which a disk may be too full.
            if !database.configuration.readonly, try Int.fetchOne(database, sql: "PRAGMA page_count") == 0 {
                try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            }
            // What is sorted may be large.
            try database.execute(sql: "PRAGMA temp_store = FILE; PRAGMA cache_size = -32768;")
        }
        self.path = path
        pool = try DatabasePool(path: path, configuration: configuration)
        // After the pool is open: it sets NORMAL itself when it turns the write-ahead log on.
        try pool.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL");
                    PRAGMA journal_size_limit = \(Self.restingLogBytes);
                    PRAGMA cache_size = -65536
                    """
            )
        }
        var migrator = DatabaseMigrator()
        for migration in migrations {
            migrator.registerMigration(migration.name) { database in
                do {
                    try migration.apply(Connection(database))
                } catch let error as DatabaseError {
                    throw Self.failure(SQLError(error), in: migration)
                } catch let error as SQLError {
                    throw Self.failure(error, in: migration)
                }
            }
        }
        try migrator.migrate(pool)
        configuration.readonly = true
        briefReader = try DatabaseQueue(path: path, configuration: configuration)
        // Three quarters of the writes of a label were copies of pages, in a file, for the case that a trigger refuses it.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA temp_store = MEMORY") }
        writer = try Writer(pool: pool, path: path, arrays: arrays, durability: durability)
    }

    /// What is in the way of a step is named by it; what is wrong with the file or its disk is as with any statement.
    private static func failure(_ error: SQLError, in migration: Migration) -> any Error {
        guard [.SQLITE_ERROR, .SQLITE_CONSTRAINT].contains(ResultCode(rawValue: error.code)) else { return error }
        return Migration.Failure(step: migration.name, reason: error.message)
    }

    /// Reads from a consistent state of the database; never waits for the writer.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Value) async throws -> Value {
        try await pool.read { try body(Connection($0)) }
    }

    /// Reads as `read` does, on the thread that asks: for what takes less time than to wake another thread and this one again.
    ///
    /// Blocks while another such read goes on.
    func readBriefly<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        try briefReader.read { try body(Connection($0)) }
    }

    /// The database as it is now, for several reads that must see one state.
    func snapshot() throws -> CatalogSnapshot {
        try CatalogSnapshot(pool, others: snapshots)
    }

    /// The size of what is committed and not folded into the database yet.
    var writeAheadLogBytes: Int { FileManager.default.size(of: path + "-wal") }

    /// Reads during start-up, when nothing else runs.
    func readNow<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        try pool.read { try body(Connection($0)) }
    }

    /// Writes during start-up and shutdown, when nothing else runs.
    func writeNow<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        try pool.write { try body(Connection($0)) }
    }

    /// Copies the database as it is at one moment, with every run marked as one whose file must be looked at: the file's copy
    /// comes later and may have more rows.
    ///
    /// - Returns: The runs that may have a file.
    func copyDatabase(to path: String) async throws -> [String] {
        let pool = pool
        return try await Task.detached {
            // Detached, since it blocks for as long as it takes; in steps, so that it may take that long.
            let copy = try DatabaseQueue(path: path)
            try pool.backup(to: copy)
            return try copy.write { database in
                let connection = Connection(database)
                // A copy of a damaged page is made like any other, and would be found when the copy is all there is.
                let found = try connection.first("PRAGMA quick_check(1)") { $0.string(0) }
                guard found == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: found) }
                try connection.execute(
                    "UPDATE runs SET file_open = 1 WHERE run_id IN (SELECT run_id FROM run_datasets)"
                )
                return try connection.rows("SELECT run_id FROM runs WHERE deleted_at IS NULL") { $0.string(0) }
            }
        }.value
    }

    /// Whether a copy is being made, which needs every row of the array files that its database tells of.
    var isBeingCopied: Bool { copies.withLock { $0.count > 0 } }

    /// Makes a copy; nothing is taken out of array files meanwhile.
    func whileCopying<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        copies.withLock { $0.count += 1 }
        defer {
            let removals = copies.withLock { copies in
                copies.count -= 1
                guard copies.count == 0 else { return [@Sendable () -> Void]() }
                defer { copies.removals = [] }
                return copies.removals
            }
            for removal in removals { removal() }
        }
        return try await body()
    }

    /// Takes something out of array files: now, or as soon as no copy is being made.
    func remove(_ removal: @escaping @Sendable () -> Void) {
        let isNow = copies.withLock { copies in
            if copies.count > 0 { copies.removals.append(removal) }
            return copies.count == 0
        }
        if isNow { removal() }
    }

    /// Records that no array file is open.
    ///
    /// - Parameter unrepaired: The runs whose file could not be repaired; it is looked at again at the next start.
    func markFilesClosed(except unrepaired: Set<String>) throws {
        try writeNow { connection in
            try connection.execute("UPDATE runs SET file_open = 0 WHERE file_open = 1")
            for runID in unrepaired { try connection.execute("UPDATE runs SET file_open = 1 WHERE run_id = ?", runID) }
        }
    }

    /// Ends all connections; the write-ahead log is folded into the database.
    func close() throws {
        // First: the last connection takes the log away.
        try briefReader.close()
        try writer.close()
        try pool.close()
    }
}
