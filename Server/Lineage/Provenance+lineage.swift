import NIOCore
import Wire

extension Provenance {
    /// Which way a graph is followed.
    enum Direction: Sendable {
        case upstream
        case downstream
    }

    /// The most records of a graph.
    private static let mostRecords = 10_000

    static func check(_ lineage: Lineage) throws {
        guard (1...1024).contains(lineage.functionName.utf8.count), (1...256).contains(lineage.functionHash.utf8.count)
        else {
            throw WireError.invalidParams("function_name has 1 to 1024 bytes, function_hash 1 to 256")
        }
        guard (lineage.outputNum ?? 0) >= 0 else {
            throw WireError.invalidParams("output_num is \(lineage.outputNum ?? 0); it is at least 0")
        }
        guard lineage.inputs.count <= 10_000 else { throw WireError.invalidParams("inputs: at most 10 000") }
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
            try Self.save(parameters.lineage, of: parameters.outputRecordID, type: parameters.outputType, transaction)
            return LineageSave.Result()
        }
    }

    /// Records what made a record, in the place of what was known before.
    static func save(
        _ lineage: Lineage,
        of recordID: String,
        type: String,
        _ transaction: WriteTransaction
    ) throws {
        let connection = transaction.connection
        try connection.execute(
            """
            INSERT OR REPLACE INTO lineage (output_record_id, output_type, lineage_hash, output_num, function_name,
            function_hash, inputs, constants, run_id, user_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            recordID,
            type,
            lineage.lineageHash,
            lineage.outputNum ?? 0,
            lineage.functionName,
            lineage.functionHash,
            String(buffer: try JSONCoding.encode(lineage.inputs)),
            String(buffer: try JSONCoding.encode(lineage.constants)),
            lineage.runID,
            lineage.userID,
            transaction.timestamp
        )
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
    }

    /// `lineage.find`
    func find(_ parameters: LineageFind) async throws -> LineageFind.Result {
        try await catalog.read { connection in
            LineageFind.Result(
                records: try connection.rows(
                    """
                    SELECT output_record_id, output_type, output_num FROM lineage
                    JOIN variable_records ON record_id = output_record_id
                    WHERE lineage_hash = ? AND deleted_at IS NULL ORDER BY output_num, output_record_id
                    """,
                    [parameters.lineageHash]
                ) { row in
                    LineageFind.Output(recordID: row.string(0), outputType: row.string(1), outputNum: row.int(2))
                }
            )
        }
    }

    /// `lineage.get`
    func get(_ parameters: LineageGet) async throws -> LineageNode {
        try await catalog.read { try Self.known(parameters.recordID, $0) }
    }

    private static func known(_ recordID: String, _ connection: Connection) throws -> LineageNode {
        guard let node = try node(recordID, type: nil, depth: 0, connection) else {
            throw WireError.notFound("nothing is known of a record \"\(recordID.prefix(64))\"")
        }
        return node
    }

    /// A record as far as it is known; nil if there is neither a record nor lineage nor a type from an edge.
    private static func node(
        _ recordID: String,
        type: String?,
        depth: Int,
        _ connection: Connection
    ) throws -> LineageNode? {
        let record = try connection.first(
            """
            SELECT variable, metadata, created_at FROM variable_records JOIN variable_locations USING (location_id)
            WHERE record_id = ? AND deleted_at IS NULL
            """,
            recordID
        ) { row in
            (
                variable: row.string(0),
                metadata: try JSONCoding.decode([String: JSONValue].self, from: ByteBuffer(string: row.string(1))),
                createdAt: Timestamp.seconds(row.string(2))
            )
        }
        let made = try connection.first(
            """
            SELECT output_type, lineage_hash, output_num, function_name, function_hash, inputs, constants, run_id, user_id,
            created_at FROM lineage WHERE output_record_id = ?
            """,
            recordID
        ) { row in
            (
                type: row.string(0), createdAt: Timestamp.seconds(row.string(9)),
                lineage: Lineage(
                    lineageHash: row.optionalString(1),
                    outputNum: row.int(2),
                    functionName: row.string(3),
                    functionHash: row.string(4),
                    inputs: try JSONCoding.decode([Lineage.Input].self, from: ByteBuffer(string: row.string(5))),
                    constants: try JSONCoding.decode([JSONValue].self, from: ByteBuffer(string: row.string(6))),
                    runID: row.optionalString(7),
                    userID: row.optionalString(8)
                )
            )
        }
        guard let name = record?.variable ?? made?.type ?? type else { return nil }
        return LineageNode(
            recordID: recordID,
            outputType: name,
            metadata: record?.metadata,
            lineage: made?.lineage,
            createdAt: made?.createdAt ?? record?.createdAt,
            depth: depth
        )
    }

    /// `lineage.upstream`, `lineage.downstream`: level by level.
    func graph(_ recordID: String, _ depth: Int?, _ direction: Direction) async throws -> LineageGraph {
        if let depth, depth < 0 { throw WireError.invalidParams("params.depth is \(depth); it is at least 0") }
        return try await catalog.read { connection in
            var graph = LineageGraph(records: [try Self.known(recordID, connection)], edges: [], isCut: false)
            var seen: Set<String> = [recordID]
            var level = [recordID]
            var distance = 0
            while !level.isEmpty, distance < depth ?? .max {
                distance += 1
                var next: [String] = []
                for id in level {
                    for edge in try Self.edges(of: id, direction, connection) {
                        graph.edges.append(edge.edge)
                        let other = direction == .upstream ? edge.edge.from : edge.edge.to
                        guard seen.insert(other).inserted else { continue }
                        guard graph.records.count < Self.mostRecords else {
                            graph.isCut = true
                            return graph
                        }
                        let type = direction == .upstream ? edge.type : nil
                        if let node = try Self.node(other, type: type, depth: distance, connection) {
                            graph.records.append(node)
                        }
                        next.append(other)
                    }
                }
                level = next
            }
            return graph
        }
    }

    private static func edges(
        of recordID: String,
        _ direction: Direction,
        _ connection: Connection
    ) throws -> [(edge: LineageGraph.Edge, type: String)] {
        let column = direction == .upstream ? "output_record_id" : "input_record_id"
        return try connection.rows(
            """
            SELECT input_record_id, output_record_id, name, type FROM lineage_edges WHERE \(column) = ?
            ORDER BY output_record_id, name, input_record_id
            """,
            [recordID]
        ) { row in
            (LineageGraph.Edge(from: row.string(0), to: row.string(1), name: row.string(2)), row.string(3))
        }
    }
}
