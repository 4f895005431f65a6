import Foundation
import GRDB
import NIOCore
import Wire

/// Settings that are fixed when the database is made.
enum SettingsTable {
    static let migration = Migration(
        "settings",
        script: "CREATE TABLE settings (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;"
    )

    /// Reads a setting before the schema is known to be up to date; nil for a new database.
    static func read<Value: Decodable>(_ type: Value.Type, _ name: String, database path: String) throws -> Value? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try DatabaseQueue(path: path).read { database in
            guard try database.tableExists("settings") else { return nil }
            return try read(type, name, Connection(database))
        }
    }

    /// Reads a setting; nil where it was never set.
    static func read<Value: Decodable>(_ type: Value.Type, _ name: String, _ connection: Connection) throws -> Value? {
        let text = try connection.first("SELECT value FROM settings WHERE name = ?", name) { $0.string(0) }
        return try text.map { try JSONCoding.decode(type, from: ByteBuffer(string: $0)) }
    }

    static func write(_ value: some Encodable, _ name: String, _ connection: Connection) throws {
        let text = String(buffer: try JSONCoding.encode(value))
        try connection.execute("INSERT INTO settings (name, value) VALUES (?, ?)", name, text)
    }
}
