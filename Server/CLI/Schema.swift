import Foundation
import GRDB

/// The schema of the database: the steps of all domains, in their order.
enum Schema {
    static func migrations(_ settings: LabelSettings) -> [Migration] {
        [SettingsTable.migration] + Producers.migrations + RunStore.migrations + Replay.migrations + Metrics.migrations
            + Labels.migrations(settings) + Provenance.migrations + Tokens.migrations + AuditLog.migrations
            + [DatabaseID.migration]
    }

    /// How a database stands to this program.
    struct State {
        /// The steps that it has, in the order in which they were applied.
        let applied: [String]

        /// What a database has; nothing for one that no server has opened.
        init(_ connection: Connection) throws {
            let isThere = try connection.first(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'grdb_migrations'"
            ) { $0.bool(0) }
            applied =
                isThere == true
                ? try connection.rows("SELECT identifier FROM grdb_migrations ORDER BY rowid") { $0.string(0) } : []
        }

        /// Steps of this program that the database does not have: the next start applies them.
        var missing: [String] { Schema.names.filter { !applied.contains($0) } }

        /// Steps that this program does not know: a newer version made them.
        var unknown: [String] { applied.filter { !Schema.names.contains($0) } }
    }

    /// Refuses a database that a newer version has changed, before anything is written to it.
    static func refuseNewer(database path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        let unknown = try ReadOnlyDatabase.open(path, isHeld: true).read { try State(Connection($0)).unknown }
        guard !unknown.isEmpty else { return }
        throw CommandFailure(
            code: CommandFailure.dataNewer,
            message:
                "the database \(path) was made by a newer version of Holdfast, which added: \(unknown.joined(separator: ", ")). Start that version; nothing was changed"
        )
    }

    /// Refuses a database of another program, to which the server would add its tables.
    static func refuseForeign(database path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        let tables = try ReadOnlyDatabase.open(path, isHeld: true).read { database in
            let names = try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
            return names.contains(where: { $0.hasPrefix("grdb_") }) ? [] : names
        }
        guard let table = tables.first else { return }
        throw CommandFailure(
            code: CommandFailure.other,
            message:
                "the database \(path) is another program's, it has a table \"\(table)\"; name another data directory. Nothing was changed"
        )
    }

    /// The steps by name, which no setting changes.
    static let names = migrations(.standard).map(\.name)
}
