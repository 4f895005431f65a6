import NIOCore
import Wire

extension Provenance {
    static func check(_ lineage: Lineage) throws {
        guard (1...1024).contains(lineage.functionName.utf8.count), (1...256).contains(lineage.functionHash.utf8.count)
        else {
            throw WireError.invalidParams("function_name has 1 to 1024 bytes, function_hash 1 to 256")
        }
        guard (lineage.outputNum ?? 0) >= 0 else {
            throw WireError.invalidParams("output_num is \(lineage.outputNum ?? 0); it is at least 0")
        }
        guard lineage.inputs.count <= 10_000, lineage.functionParts?.count ?? 0 <= 10_000 else {
            throw WireError.invalidParams("inputs and function_parts: at most 10 000")
        }
        guard lineage.startedAt.map({ Timestamp.range.contains($0) }) ?? true else {
            throw WireError.invalidParams("started_at is a time in UNIX seconds")
        }
        try Attachment.checkHasNoArray(.array(lineage.constants), "lineage.constants")
    }

    /// `lineage.save`
    func saveLineage(
        _ parameters: LineageSave
    ) throws -> @Sendable (WriteTransaction) throws -> LineageSave.Result {
        try Self.check(parameters.lineage)
        return { transaction in
            let isThere = try transaction.connection.first(
                "SELECT 1 FROM variable_records WHERE record_id = ?",
                parameters.outputRecordID
            ) { _ in true }
            guard isThere ?? false else {
                throw WireError.notFound(
                    "there is no record \"\(parameters.outputRecordID.prefix(64))\"; save it first"
                )
            }
            try save(parameters.lineage, of: parameters.outputRecordID, type: parameters.outputType, transaction)
            return LineageSave.Result()
        }
    }

    /// Records what made a record; what another invocation made it of before is kept beside.
    func save(
        _ lineage: Lineage,
        of recordID: String,
        type: String,
        _ transaction: WriteTransaction
    ) throws {
        let connection = transaction.connection
        try InvocationLeases.settle(lineage, connection)
        try LineageRows.write(lineage, of: recordID, type: type, transaction)
        try connection.execute("DELETE FROM lineage_edges WHERE output_record_id = ?", recordID)
        for input in lineage.inputs {
            try connection.execute(
                "INSERT OR IGNORE INTO lineage_edges (input_record_id, output_record_id, name, type) VALUES (?, ?, ?, ?)",
                input.recordID,
                recordID,
                input.name,
                input.type
            )
        }
        if let hash = lineage.lineageHash { transaction.afterCommit { [waiters] in waiters.wake(hash) } }
    }

    /// `lineage.find`
    func find(_ parameters: LineageFind) async throws -> LineageFind.Result {
        try await catalog.read { LineageFind.Result(records: try Self.outputs(of: parameters.lineageHash, $0)) }
    }

    /// What an invocation made and is still there, by number; also where another has made the same since.
    static func outputs(of lineageHash: String, _ connection: Connection) throws -> [LineageFind.Output] {
        let tables = ["lineage", "lineage_earlier"].map { table in
            """
            SELECT output_record_id, output_type, output_num FROM \(table)
            JOIN variable_records ON record_id = output_record_id JOIN variable_contents USING (content_hash)
            WHERE lineage_hash = ?1 AND deleted_at IS NULL AND \(isHeld)
            """
        }
        return try connection.rows(
            "\(tables.joined(separator: " UNION ")) ORDER BY output_num, output_record_id",
            [lineageHash]
        ) { row in
            LineageFind.Output(recordID: row.string(0), outputType: row.string(1), outputNum: row.int(2))
        }
    }

    /// `lineage.get`
    func get(_ parameters: LineageGet) async throws -> LineageNode {
        try await catalog.read { connection in
            var node = try known(parameters.recordID, connection)
            if let hash = node.lineage?.functionHash {
                node.lineage?.functionParts = try LineageRows.parts(of: hash, connection)
            }
            return node
        }
    }

    /// Throws unless there is a record, or lineage of one, or a thing of another domain.
    func known(_ recordID: String, _ connection: Connection) throws -> LineageNode {
        guard let node = try node(recordID, type: nil, depth: 0, connection) else {
            let name = recordID.prefix(200)
            throw WireError.notFound(
                source(of: recordID).map { "there is no \($0.0.type) \"\(name)\"" }
                    ?? "nothing is known of a record \"\(name)\""
            )
        }
        return node
    }

    /// A record or thing as far as it is known; nil if there is neither one nor lineage nor a type from an edge.
    func node(
        _ recordID: String,
        type: String?,
        depth: Int,
        _ connection: Connection
    ) throws -> LineageNode? {
        if let (source, id) = source(of: recordID) {
            let details = try source.describe(id, connection)
            guard details != nil || type != nil else { return nil }
            return LineageNode(
                recordID: recordID,
                outputType: source.type,
                metadata: nil,
                details: details ?? [:],
                lineage: nil,
                createdAt: nil,
                depth: depth
            )
        }
        let record = try connection.first(
            """
            SELECT variable, metadata, created_at, NOT \(Self.isHeld) FROM variable_records
            JOIN variable_locations USING (location_id) JOIN variable_contents USING (content_hash)
            WHERE record_id = ? AND deleted_at IS NULL
            """,
            recordID
        ) { row in
            (
                variable: row.string(0),
                metadata: try JSONCoding.decode([String: JSONValue].self, from: ByteBuffer(string: row.string(1))),
                createdAt: Timestamp.seconds(row.string(2)),
                isEvicted: row.bool(3)
            )
        }
        let made = try LineageRows.newest(of: recordID, connection)
        guard let name = record?.variable ?? made?.outputType ?? type else { return nil }
        return LineageNode(
            recordID: recordID,
            outputType: name,
            metadata: record?.metadata,
            isEvicted: record?.isEvicted,
            lineage: made?.lineage,
            createdAt: made?.createdAt ?? record?.createdAt,
            depth: depth
        )
    }

    /// The domain that a reference belongs to, and the id in it; nil for records.
    func source(of reference: String) -> (LineageSource, id: String)? {
        guard let colon = reference.firstIndex(of: ":"), let source = sources[String(reference[..<colon])] else {
            return nil
        }
        return (source, String(reference[reference.index(after: colon)...]))
    }
}
