import NIOCore
import Wire

/// The record of who came in or was turned away, and of the calls that destroy data, look into the vault or give out
/// tokens: only ever added to.
struct AuditLog: Sendable {
    /// Something that is recorded.
    struct Entry: Sendable {
        let event: String
        var token: String?
        var address: String?
        var note: String?

        static func call(_ method: String, _ access: Access, from address: String?, _ note: String) -> Entry {
            Entry(event: method, token: access.grant?.name, address: address, note: note)
        }

        static func login(_ access: Access, from address: String?, _ note: String) -> Entry {
            Entry(event: "login", token: access.grant?.name, address: address, note: note)
        }

        static func use(_ access: Access, from address: String?, _ note: String) -> Entry {
            Entry(event: "token_used", token: access.grant?.name, address: address, note: note)
        }

        static func failedLogin(from address: String?, _ note: String) -> Entry {
            Entry(event: "login_failed", address: address, note: note)
        }
    }

    static let migrations = [
        Migration(
            "audit_log",
            script: """
                CREATE TABLE audit_log (
                    id INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, token TEXT, address TEXT, note TEXT
                ) STRICT;
                CREATE TRIGGER audit_log_kept BEFORE UPDATE ON audit_log BEGIN
                    SELECT RAISE(ABORT, 'the audit log is only ever added to');
                END;
                CREATE TRIGGER audit_log_stays BEFORE DELETE ON audit_log BEGIN
                    SELECT RAISE(ABORT, 'the audit log is only ever added to');
                END;
                """
        )
    ]

    let catalog: Catalog

    static func record(_ entry: Entry, _ transaction: WriteTransaction) throws {
        try transaction.connection.execute(
            "INSERT INTO audit_log (at, event, token, address, note) VALUES (?, ?, ?, ?, ?)",
            transaction.timestamp,
            entry.event,
            entry.token,
            entry.address,
            entry.note.map { String($0.prefix(1000)) }
        )
    }

    /// Records an entry on its own, with the next commit.
    func record(_ entry: Entry) {
        let operation = WriteOperation(stamp: nil) { transaction in
            try Self.record(entry, transaction)
            return ByteBuffer()
        }
        catalog.writer.submit(operation) { _ in }
    }

    func register(in table: inout MethodTable) {
        table.on(AuditList.self) { parameters, _ in try await list(parameters) }
    }

    /// `audit.list`
    private func list(_ parameters: AuditList) async throws -> AuditList.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let end = try Page.key(Int64.self, of: parameters.cursor) ?? .max
        // Who was turned away before this call is in its answer.
        await catalog.writer.earlierWrites()
        return try await catalog.read { connection in
            let rows = try connection.rows(
                "SELECT id, at, event, token, address, note FROM audit_log WHERE id < ? ORDER BY id DESC LIMIT ?",
                [end, limit + 1]
            ) { row in
                let entry = AuditList.Entry(
                    at: Timestamp.seconds(row.string(1)) ?? 0,
                    event: row.string(2),
                    token: row.optionalString(3),
                    address: row.optionalString(4),
                    note: row.optionalString(5)
                )
                return (id: row.integer(0), entry: entry)
            }
            return AuditList.Result(
                entries: rows.prefix(limit).map(\.entry),
                cursor: rows.count > limit ? try Page.cursor(rows[limit - 1].id) : nil
            )
        }
    }
}
