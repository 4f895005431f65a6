import Wire

extension Metrics {
    private struct Key: Codable {
        let id: Int64
    }

    /// Up to so many series are merged by their indexes; of more, the rows are gone through in the order of their ids.
    private static let mostMerged = 64

    /// `metrics.query`
    func query(_ parameters: MetricsQuery) async throws -> MetricsQuery.Result {
        let table = try MetricTable(named: parameters.table)
        let limit = try Page.limit(parameters.limit, default: 1000, maximum: 10_000)
        var filter = try MetricFilter(parameters.filters, of: table)
        if let runID = parameters.runID { filter.add(series: "run_id = ?", [.text(runID)]) }
        filter.add(from: parameters.from, to: parameters.to)
        let after = try Page.key(Key.self, of: parameters.cursor)?.id ?? 0
        let conditions = filter
        let rows = try await catalog.read { connection in
            let (sql, arguments) = try Self.select(table, conditions, after: after, limit: limit, connection)
            return try connection.rows(sql, arguments) { (id: $0.integer(0), row: Self.row($0, table)) }
        }
        let isCut = rows.count > limit
        let last = isCut ? rows[limit - 1].id : parameters.follow ?? false ? rows.last?.id ?? after : nil
        return MetricsQuery.Result(
            rows: rows.prefix(limit).map(\.row),
            cursor: try last.map { try Page.cursor(Key(id: $0)) }
        )
    }

    /// The query for a page and one row more, by the way that reads least.
    private static func select(
        _ table: MetricTable,
        _ filter: MetricFilter,
        after: Int64,
        limit: Int,
        _ connection: Connection
    ) throws -> (sql: String, arguments: [SQLValue]) {
        let columns = "id, non_finite, \(table.columns.map(\.name).joined(separator: ", "))"
        let points = (["id > ?"] + filter.points).joined(separator: " AND ")
        let pointArguments = [.integer(after)] + filter.pointArguments
        let page = "ORDER BY id LIMIT \(limit + 1)"
        guard let pointTable = table.points else {
            let conditions = ([points] + filter.series).joined(separator: " AND ")
            return (
                "SELECT \(columns) FROM \(table.rawValue) WHERE \(conditions) \(page)",
                pointArguments + filter.seriesArguments
            )
        }
        let joined = "SELECT \(columns) FROM \(pointTable) CROSS JOIN metric_series USING (series_id) WHERE"
        guard !filter.series.isEmpty else { return ("\(joined) \(points) \(page)", pointArguments) }
        let ids = try connection.rows(
            "SELECT series_id FROM metric_series WHERE source = ? AND \(filter.series.joined(separator: " AND ")) LIMIT ?",
            [SQLValue.text(table.rawValue)] + filter.seriesArguments + [.integer(Int64(mostMerged + 1))]
        ) { $0.integer(0) }
        if ids.isEmpty { return ("\(joined) 0", []) }
        guard ids.count <= mostMerged else {
            let conditions = ([points] + filter.series).joined(separator: " AND ")
            return ("\(joined) \(conditions) \(page)", pointArguments + filter.seriesArguments)
        }
        // SQLite merges the parts, each of which an index gives in the order of ids: no sort, and no row beyond the page.
        let parts = [String](repeating: "\(joined) series_id = ? AND \(points)", count: ids.count)
        return (
            parts.joined(separator: " UNION ALL ") + " \(page)",
            ids.flatMap { [.integer($0)] + pointArguments }
        )
    }

    private static func row(_ row: Row, _ table: MetricTable) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        for (index, column) in table.columns.enumerated() {
            switch row.value(Int32(index + 2)) {
            case .integer(let number): fields[column.name] = .integer(number)
            case .real(let number): fields[column.name] = .number(number)
            case .text(let text): fields[column.name] = .string(text)
            case .null, .blob: fields[column.name] = .null
            }
        }
        if let nonFinite = row.optionalString(1) { fields[table.valueColumn] = .string(nonFinite) }
        return fields
    }
}
