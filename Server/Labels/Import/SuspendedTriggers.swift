/// Triggers that are set aside while many rows are written, whose effects the writer brings about by itself.
enum SuspendedTriggers {
    /// Runs a body without the triggers of some tables. They are dropped and made again inside the transaction: no other
    /// connection ever sees the tables without them, and a body that throws has them back with the rest of its savepoint.
    static func on(_ tables: [String], _ connection: Connection, _ body: () throws -> Void) throws {
        let places = tables.map { _ in "?" }.joined(separator: ", ")
        let triggers = try connection.rows(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN (\(places)) ORDER BY rowid",
            tables
        ) { (name: $0.string(0), sql: $0.string(1)) }
        for trigger in triggers { try connection.run(script: "DROP TRIGGER \(trigger.name)") }
        try body()
        for trigger in triggers { try connection.run(script: trigger.sql) }
    }
}
