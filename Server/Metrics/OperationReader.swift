import Wire

/// Reads series of `generation_metrics`, one for each run; such rows are few, so they are read one by one.
struct OperationReader {
    private let request: SeriesRequest
    private let connection: Connection

    init(_ request: SeriesRequest, _ connection: Connection) {
        self.request = request
        self.connection = connection
    }

    func series() throws -> [MetricsSeries.Series] {
        let conditions = (request.filter.series + request.filter.points).map { "AND \($0)" }.joined(separator: " ")
        let nonFinite = request.value == request.table.valueColumn ? "non_finite" : "NULL"
        let rows = try connection.rows(
            """
            SELECT run_id, id, timestamp, \(request.value), \(nonFinite) FROM generation_metrics
            WHERE operation = ? \(conditions) AND (\(request.value) IS NOT NULL OR \(nonFinite) IS NOT NULL)
            AND timestamp BETWEEN ? AND ? ORDER BY run_id, id
            """,
            [SQLValue.text(request.metricName)] + request.filter.seriesArguments + request.filter.pointArguments
                + [.real(request.range.lowerBound), .real(request.range.upperBound)]
        ) { row in
            let value = row.optionalString(4).map { NonFinite.value(named: $0) } ?? row.double(3)
            let tile = Tile(id: row.integer(1), value: value, timestamp: row.double(2), step: nil, epoch: nil)
            return (runID: row.string(0), tile: tile)
        }
        return Dictionary(grouping: rows, by: \.runID).sorted { $0.key < $1.key }.map { runID, rows in
            let buckets = Bucket.sorted(
                rows.map(\.tile),
                .timestamp,
                atMost: request.maxPoints,
                request.smoothing
            )
            return MetricsSeries.Series(
                key: ["run_id": .string(runID), "metric_name": .string(request.metricName)],
                xAxis: .timestamp,
                x: buckets.map(\.x),
                min: buckets.map(\.tile.min),
                max: buckets.map(\.tile.max),
                last: buckets.map(\.tile.last),
                smoothed: request.smoothing == nil ? nil : buckets.map(\.smoothed),
                count: rows.count
            )
        }
    }
}
