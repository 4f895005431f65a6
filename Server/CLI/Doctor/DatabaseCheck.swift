import Foundation
import GRDB
import Wire

/// A database: whether it can be read, page by page, and what state it is in.
struct DatabaseCheck {
    /// What a write-ahead log reaches at most while nothing keeps it from being folded into the database.
    static let largeLog = 256 << 20
    /// Clocks of one machine differ by less than that, in seconds, also after they were set.
    static let mostSkew = 60.0
    private static let mostProblems = 5

    let path: String
    let subject: String

    /// What is wrong with the file, or its size, and what is found by whoever reads it then.
    func findings(_ body: (Connection) throws -> [Finding] = { _ in [] }) -> [Finding] {
        do {
            return try ReadOnlyDatabase.open(path).read { database in
                let connection = Connection(database)
                let problems = try connection.rows("PRAGMA quick_check(\(Self.mostProblems))") { $0.string(0) }
                guard problems == ["ok"] else { return [damaged(problems.joined(separator: "; "))] }
                let size = Human.bytes(FileManager.default.size(of: path))
                return [.ok(subject, "\(path): \(size), every page is well")] + (try body(connection))
            }
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            return [damaged(error.message ?? "\(error)")]
        } catch let error as SQLError where error.isDamage {
            return [damaged(error.message)]
        } catch {
            return [.error(subject, "\(path) can't be read: \(error)", remedy: "run this as the server's user")]
        }
    }

    /// What is wrong with the file and what to do, for another command; nil where every page is well.
    var fault: String? {
        guard let finding = findings().first, finding.level == .error else { return nil }
        return [finding.message, finding.remedy].compactMap(\.self).joined(separator: "; ")
    }

    private func damaged(_ problem: String) -> Finding {
        // SQLite tells where it looked on a line of its own.
        let text = Human.text(problem.replacing("\n", with: ", "), limit: 300)
        return .error(
            subject,
            "\(path) is damaged: \(text)",
            remedy: subject == "backup"
                ? "don't rely on it; make another"
                : "stop the server, restore a backup, or salvage it with: sqlite3 \(path) .recover"
        )
    }

    /// How the schema stands to this program.
    func schema(_ connection: Connection) throws -> [Finding] {
        let state = try Schema.State(connection)
        if !state.unknown.isEmpty {
            return [
                .error(
                    "schema",
                    "made by a newer version, which added: \(state.unknown.joined(separator: ", "))",
                    remedy: "use that version; this one refuses to start, and changes nothing"
                )
            ]
        }
        guard !state.missing.isEmpty else {
            return [.ok("schema", "\(state.applied.count) steps, all that this version has")]
        }
        return [
            .warn(
                "schema",
                "made by an older version; this one adds: \(state.missing.joined(separator: ", "))",
                remedy:
                    "make a backup, then start the server: it brings the database up to date, and there is no way back"
            )
        ]
    }

    /// Whether anything was written later than now.
    func clock(_ connection: Connection, now: Double) throws -> [Finding] {
        // Columns with the server's own time; the last row of a table that is only added to, since that is quick to find.
        let latest = [
            ("runs", "SELECT max(heartbeat_at) FROM runs"), ("producers", "SELECT max(updated_at) FROM producers"),
            ("label_events", "SELECT at FROM label_events ORDER BY id DESC LIMIT 1"),
            ("audit_log", "SELECT at FROM audit_log ORDER BY id DESC LIMIT 1"),
        ]
        let tables = try connection.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.string(0) }
        let times = try latest.filter { tables.contains($0.0) }.compactMap { _, sql in
            try connection.first(sql) { $0.optionalString(0).flatMap(Timestamp.seconds) }?.map(\.self)
        }
        guard let last = times.max() else { return [.ok("clock", "\(Human.moment(now)) UTC; nothing was written yet")] }
        guard last > now + Self.mostSkew else {
            return [.ok("clock", "\(Human.moment(now)) UTC; the latest write is of \(Human.moment(last))")]
        }
        return [
            .warn(
                "clock",
                "it is \(Human.moment(now)) UTC here, and the latest write is of \(Human.moment(last))",
                remedy: "set the clock (timedatectl set-ntp true): with a wrong one running runs count as crashed"
            )
        ]
    }

    /// What is committed and not folded into the database yet.
    func writeAheadLog(isInUse: Bool) -> Finding {
        let size = FileManager.default.size(of: path + "-wal")
        let message = "\(Human.bytes(size)) are not folded into the database yet"
        guard size > 0 else { return .ok("log", "everything is folded into the database") }
        if !isInUse {
            return .warn(
                "log",
                "\(message): the last server was killed",
                remedy: "nothing is lost; the next start folds them in. Copy \(path) only together with its -wal"
            )
        }
        guard size > Self.largeLog else { return .ok("log", message) }
        return .warn(
            "log",
            "\(message): something has been reading for long",
            remedy: "end programs that hold the database open (fuser -v \(path)), or restart the server"
        )
    }
}
