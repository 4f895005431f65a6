import Wire

/// All runs of a database, newest first.
struct RunList {
    let all: [RunSummary]

    init(_ connection: Connection, _ relations: Set<Relation>) throws {
        var runs: [String?: RunSummary] = [:]
        for relation in relations {
            let time = Relation.finite(relation.beginning)
            _ = try connection.rows(
                """
                SELECT run_id, count(*), min(\(time)), max(\(Relation.finite("timestamp"))) FROM \(relation.rawValue)
                GROUP BY run_id
                """
            ) { row in
                let id = row.optionalString(0)
                runs[id, default: RunSummary(id: id)].counts[relation, default: 0] += row.int(1)
                runs[id]?.include(row.optionalDouble(2), row.optionalDouble(3))
            }
        }
        try Self.addDescriptions(to: &runs, connection)
        all = runs.values.sorted { ($0.beginning, $0.id ?? "") > ($1.beginning, $1.id ?? "") }
    }

    private static func addDescriptions(to runs: inout [String?: RunSummary], _ connection: Connection) throws {
        let columns = Set(try connection.rows("SELECT name FROM pragma_table_info('runs')") { $0.string(0) })
        guard columns.isSuperset(of: ["run_id", "status", "started_at"]) else { return }
        let conditions = ["deleted_at", "continues"].filter(columns.contains).map { "\($0) IS NOT NULL" }
        let isHidden = conditions.isEmpty ? "0" : conditions.joined(separator: " OR ")
        _ = try connection.rows("SELECT run_id, status, started_at, \(isHidden) FROM runs") { row in
            let id = row.string(0)
            // What was deleted, and the runs of the server's own arrays, are runs to the reader only if something was measured.
            guard runs[id] != nil || !row.bool(3) && !RunID.reserved.contains(id) else { return }
            runs[id, default: RunSummary(id: id)].status = row.optionalString(1)
            runs[id]?.startedAt = Timestamp.seconds(row.string(2))
        }
    }

    /// The run of a name that was given.
    func named(_ id: String, in path: String) throws -> RunSummary {
        if let run = all.first(where: { $0.id == id }) { return run }
        let known = all.compactMap(\.id)
        let similar = Similarity.nearest(to: id, among: known)
        let shown = (similar.isEmpty ? Array(known.prefix(5)) : similar).map { Human.text($0, limit: 60) }
        let hint =
            shown.isEmpty
            ? "it has no runs"
            : "\(similar.isEmpty ? "its newest runs:" : "similar runs:") \(shown.joined(separator: ", "))"
        throw CommandFailure(
            code: CommandFailure.other,
            message: "\(path) has no run \"\(Human.text(id, limit: 128))\"; \(hint)"
        )
    }

    /// The newest run that has rows with times.
    func newestToPlot(in path: String) throws -> RunSummary {
        if let run = all.first(where: { $0.span != nil }) { return run }
        throw CommandFailure(code: CommandFailure.other, message: "\(path) has no metrics; there is nothing to plot")
    }
}
