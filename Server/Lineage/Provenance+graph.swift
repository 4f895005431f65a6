import Wire

extension Provenance {
    /// Which way a graph is followed.
    enum Direction: Sendable {
        case upstream
        case downstream
    }

    /// The most records of a graph.
    private static let mostRecords = 10_000

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
