import Foundation

/// What tells a database from others: made once with it, and the same in its backups.
enum DatabaseID {
    private static let setting = "database_id"

    static let migration = Migration("database id") { connection in
        try SettingsTable.write(UUID().uuidString.lowercased(), setting, connection)
    }

    /// The id; empty only for a database that is not of this version's schema.
    static func read(_ connection: Connection) throws -> String {
        try SettingsTable.read(String.self, setting, connection) ?? ""
    }
}
