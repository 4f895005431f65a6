/// Inserts many rows, fifty with each statement: where a table has many indexes, a statement takes longer to open them all
/// than to put a row into them.
struct RowInsertion {
    private static let mostRows = 50
    // SQLite's own limit is 32 766.
    private static let mostParameters = 30_000

    private let connection: Connection
    private let columns: Int
    private let rows: Int
    private let many: Statement
    private let one: Statement

    /// - Parameters:
    ///   - table: One without an immediate foreign key, for the reason below.
    ///   - conflict: An `ON CONFLICT` clause.
    init(into table: String, _ columns: [String], conflict: String = "", _ connection: Connection) throws {
        let rows = max(1, min(Self.mostRows, Self.mostParameters / columns.count))
        let places = "(\(columns.map { _ in "?" }.joined(separator: ", ")))"
        let statements = try [rows, 1].map { count in
            // Not ABORT, for which SQLite keeps a journal of each statement: the savepoint of the write takes it all back.
            try connection.statement(
                """
                INSERT OR FAIL INTO \(table) (\(columns.joined(separator: ", ")))
                VALUES \(Array(repeating: places, count: count).joined(separator: ", ")) \(conflict)
                """
            )
        }
        self.connection = connection
        self.columns = columns.count
        self.rows = rows
        (many, one) = (statements[0], statements[1])
    }

    /// Inserts rows in their order and says how many were not passed over for a conflict.
    ///
    /// - Parameter bind: Binds a row's columns to a statement's parameters, the first of them at a position.
    func insert<Rows: RandomAccessCollection>(
        _ values: Rows,
        bind: (Rows.Element, Statement, Int32) throws -> Void
    ) throws -> Int {
        var inserted = 0
        var rest = values[...]
        while !rest.isEmpty {
            let count = rest.count < rows ? 1 : rows
            let statement = count == rows ? many : one
            for (index, value) in rest.prefix(count).enumerated() {
                try bind(value, statement, Int32(index * columns + 1))
            }
            try statement.execute()
            inserted += connection.changes
            rest = rest.dropFirst(count)
        }
        return inserted
    }
}
