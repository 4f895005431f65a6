import Wire

extension Provenance {
    /// The most records of a graph.
    private static let mostRecords = 10_000
    private static let standardFanOut = 100

    /// A step of a graph.
    private struct Step {
        let edge: LineageGraph.Edge
        /// Where it leads.
        let other: String
        /// The other's type, where the step tells it.
        let type: String?
        var details: [String: JSONValue] = [:]
    }

    /// `lineage.upstream`, `lineage.downstream`: level by level.
    func graph(
        _ recordID: String,
        _ direction: LineageExport.Direction,
        _ depth: Int?,
        fanOut: Int? = nil
    ) async throws -> LineageGraph {
        if let depth, depth < 0 { throw WireError.invalidParams("params.depth is \(depth); it is at least 0") }
        let fanOut = fanOut ?? Self.standardFanOut
        guard (1...Self.mostRecords).contains(fanOut) else {
            throw WireError.invalidParams("params.fan_out is \(fanOut); it is 1 to \(Self.mostRecords)")
        }
        return try await catalog.read { connection in
            var graph = LineageGraph(records: [try known(recordID, connection)], edges: [], isCut: false)
            if direction != .downstream { try follow(.upstream, depth, fanOut, &graph, connection) }
            if direction != .upstream { try follow(.downstream, depth, fanOut, &graph, connection) }
            return graph
        }
    }

    /// Adds what is reached from the graph's first record one way.
    private func follow(
        _ direction: LineageExport.Direction,
        _ depth: Int?,
        _ fanOut: Int,
        _ graph: inout LineageGraph,
        _ connection: Connection
    ) throws {
        var seen = Set(graph.records.map(\.recordID))
        var level = [graph.records[0].recordID]
        var distance = 0
        while !level.isEmpty, distance < depth ?? .max {
            distance += 1
            var next: [String] = []
            for id in level {
                let (steps, isCut) = try steps(from: id, direction, fanOut, connection)
                graph.isCut = graph.isCut || isCut
                for step in steps {
                    guard seen.contains(step.other) || graph.records.count < Self.mostRecords else {
                        graph.isCut = true
                        return
                    }
                    graph.edges.append(step.edge)
                    guard seen.insert(step.other).inserted else { continue }
                    if var node = try node(step.other, type: step.type, depth: distance, connection) {
                        node.details?.merge(step.details) { $1 }
                        graph.records.append(node)
                    }
                    next.append(step.other)
                }
            }
            level = next
        }
    }

    private func steps(
        from id: String,
        _ direction: LineageExport.Direction,
        _ fanOut: Int,
        _ connection: Connection
    ) throws -> (steps: [Step], isCut: Bool) {
        if direction == .upstream, let (source, inner) = source(of: id) {
            let origins = try source.origins(inner, fanOut + 1, connection)
            let steps = origins.prefix(fanOut).map { origin in
                Step(
                    edge: .init(from: origin.reference, to: id, name: origin.name),
                    other: origin.reference,
                    type: self.source(of: origin.reference)?.0.type,
                    details: origin.details
                )
            }
            return (steps, origins.count > fanOut)
        }
        let column = direction == .upstream ? "output_record_id" : "input_record_id"
        let steps = try connection.rows(
            """
            SELECT input_record_id, output_record_id, name, type FROM lineage_edges WHERE \(column) = ?
            ORDER BY output_record_id, name, input_record_id
            """,
            [id]
        ) { row in
            let edge = LineageGraph.Edge(from: row.string(0), to: row.string(1), name: row.string(2))
            return direction == .upstream
                ? Step(edge: edge, other: edge.from, type: row.string(3)) : Step(edge: edge, other: edge.to, type: nil)
        }
        return (steps, false)
    }
}
