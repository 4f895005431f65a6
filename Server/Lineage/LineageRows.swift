import NIOCore
import Wire

/// The rows that say what made a record: the newest in `lineage`, others in `lineage_earlier`.
enum LineageRows {
    /// A row of either table.
    struct Made: Sendable {
        let outputRecordID: String
        let outputType: String
        /// UNIX seconds
        let createdAt: Double?
        /// Without the function's parts.
        let lineage: Lineage
    }

    static let columns = """
        output_record_id, output_type, lineage_hash, output_num, function_name, function_hash, inputs, constants,
        run_id, user_id, created_at, host, started_at
        """

    static func read(_ row: Row) throws -> Made {
        Made(
            outputRecordID: row.string(0),
            outputType: row.string(1),
            createdAt: Timestamp.seconds(row.string(10)),
            lineage: Lineage(
                lineageHash: row.optionalString(2),
                outputNum: row.int(3),
                functionName: row.string(4),
                functionHash: row.string(5),
                inputs: try JSONCoding.decode([Lineage.Input].self, from: ByteBuffer(string: row.string(6))),
                constants: try JSONCoding.decode([JSONValue].self, from: ByteBuffer(string: row.string(7))),
                runID: row.optionalString(8),
                userID: row.optionalString(9),
                host: row.optionalString(11),
                startedAt: row.optionalDouble(12)
            )
        )
    }

    static func newest(of recordID: String, _ connection: Connection) throws -> Made? {
        try connection.first("SELECT \(columns) FROM lineage WHERE output_record_id = ?", recordID, read: read)
    }

    /// What was told of the same invocation when it made the record before; nil if it didn't.
    private static func known(_ lineage: Lineage, of recordID: String, _ connection: Connection) throws -> Lineage? {
        let tables = ["lineage", "lineage_earlier"].map { table in
            "SELECT \(columns) FROM \(table) WHERE output_record_id = ?1 AND lineage_hash IS ?2 AND function_hash = ?3"
        }
        return try connection.first(
            tables.joined(separator: " UNION ALL "),
            recordID,
            lineage.lineageHash,
            lineage.functionHash,
            read: read
        )?.lineage
    }

    /// What a function consists of; nil where nobody said.
    static func parts(of functionHash: String, _ connection: Connection) throws -> [String: String]? {
        try connection.first("SELECT parts FROM lineage_functions WHERE function_hash = ?", functionHash) { row in
            try JSONCoding.decode([String: String].self, from: ByteBuffer(string: row.string(0)))
        }
    }

    /// Puts a row in the place of the newest, which is kept if it tells of another invocation.
    static func write(
        _ lineage: Lineage,
        of recordID: String,
        type: String,
        _ transaction: WriteTransaction
    ) throws {
        let connection = transaction.connection
        // Who saves what it found did not run it: that stays known of the one that did.
        let ran = lineage.startedAt == nil ? try known(lineage, of: recordID, connection) ?? lineage : lineage
        try connection.execute(
            """
            INSERT INTO lineage_earlier (\(columns)) SELECT \(columns) FROM lineage
            WHERE output_record_id = ? AND (lineage_hash IS NOT ? OR function_hash <> ?)
            """,
            recordID,
            lineage.lineageHash,
            lineage.functionHash
        )
        try connection.execute(
            "DELETE FROM lineage_earlier WHERE output_record_id = ? AND lineage_hash IS ? AND function_hash = ?",
            recordID,
            lineage.lineageHash,
            lineage.functionHash
        )
        try connection.execute(
            "INSERT OR REPLACE INTO lineage (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            recordID,
            type,
            lineage.lineageHash,
            lineage.outputNum ?? 0,
            lineage.functionName,
            lineage.functionHash,
            String(buffer: try JSONCoding.encode(lineage.inputs)),
            String(buffer: try JSONCoding.encode(lineage.constants)),
            lineage.runID ?? ran.runID,
            lineage.userID ?? ran.userID,
            transaction.timestamp,
            lineage.host ?? ran.host,
            ran.startedAt
        )
        if let parts = lineage.functionParts {
            try connection.execute(
                "INSERT OR IGNORE INTO lineage_functions (function_hash, parts) VALUES (?, ?)",
                lineage.functionHash,
                String(buffer: try JSONCoding.encode(parts))
            )
        }
    }
}
