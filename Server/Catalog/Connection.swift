import GRDB
import GRDBSQLite

/// A connection to the database, valid inside the closure that it is handed to.
///
/// All SQL of the domains goes through it: text with `?`, values bound, rows read by position.
struct Connection {
    private let database: Database

    init(_ database: Database) { self.database = database }

    /// The cached statement for an SQL text, reset.
    func statement(_ sql: String) throws -> Statement {
        let statement = Statement(try database.cachedStatement(sql: sql))
        statement.reset()
        return statement
    }

    /// Runs a statement and says how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ arguments: any SQLConvertible...) throws -> Int {
        let statement = try statement(sql)
        try statement.bind(arguments)
        try statement.execute()
        return changes
    }

    /// Runs several statements that take no arguments.
    func run(script: String) throws { try database.execute(sql: script) }

    /// Reads all rows.
    func rows<Value>(
        _ sql: String,
        _ arguments: [any SQLConvertible] = [],
        _ read: (Row) throws -> Value
    ) throws -> [Value] {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(arguments)
        var values: [Value] = []
        while try statement.step() { values.append(try read(statement.row)) }
        return values
    }

    /// Reads a page: at most `limit` rows and, but for the first, at most 4 MiB of what `bytes` counts; and whether there
    /// are more. The query asks for one row more than the limit.
    func page<Value>(
        _ sql: String,
        _ arguments: [any SQLConvertible],
        limit: Int,
        bytes: (Row) -> Int,
        _ read: (Row) throws -> Value
    ) throws -> (values: [Value], isCut: Bool) {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(arguments)
        var values: [Value] = []
        var size = 0
        while try statement.step() {
            size += bytes(statement.row)
            if values.count == limit || (size > 4 << 20 && !values.isEmpty) { return (values, true) }
            values.append(try read(statement.row))
        }
        return (values, false)
    }

    /// Reads the first row, if there is one.
    func first<Value>(
        _ sql: String,
        _ arguments: any SQLConvertible...,
        read: (Row) throws -> Value
    ) throws -> Value? {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(arguments)
        return try statement.step() ? read(statement.row) : nil
    }

    /// How many rows the last statement that was run to its end changed.
    var changes: Int { database.changesCount }

    var lastInsertedRowID: Int64 { database.lastInsertedRowID }

    /// Whether a transaction is open; SQLite ends it by itself after some errors, a full disk among them.
    var isInsideTransaction: Bool { unsafe sqlite3_get_autocommit(database.sqliteConnection) == 0 }
}
