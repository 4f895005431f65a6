import GRDB
import Synchronization
import Wire

/// How many snapshots are open.
final class OpenSnapshots: Sendable {
    /// Each has a connection of its own.
    private static let most = 8

    private let count = Mutex(0)

    func open() throws(WireError) {
        let isFree = count.withLock { count in
            guard count < Self.most else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw WireError(.overloaded, "\(Self.most) exports are under way; try again when one of them is done")
        }
    }

    func close() { count.withLock { $0 -= 1 } }
}

/// The database as it was at one moment. What is open keeps the write-ahead log from being folded into the database, so that
/// it must not be kept for long.
final class CatalogSnapshot: Sendable {
    private let snapshot: Mutex<DatabaseSnapshot?>
    private let others: OpenSnapshots

    init(_ pool: DatabasePool, others: OpenSnapshots) throws {
        try others.open()
        do {
            snapshot = Mutex(try pool.makeSnapshot())
        } catch {
            others.close()
            throw error
        }
        self.others = others
    }

    deinit { others.close() }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Value) async throws -> Value {
        guard let snapshot = snapshot.withLock({ $0 }) else {
            throw WireError(.overloaded, "this took too long: the state of the database that was read is given up")
        }
        return try await snapshot.read { try body(Connection($0)) }
    }

    /// Gives the state up; what is read later is refused.
    func close() { snapshot.withLock { $0 = nil } }
}
