import Wire

extension MetricsSeries {
    static let mostRuns = 100
    static let mostPoints = 2000
    static let mostSeries = 1000
}

extension Metrics {
    /// `metrics.series`
    func readSeries(_ parameters: MetricsSeries) async throws -> MetricsSeries.Result {
        let request = try SeriesRequest(parameters)
        return try await catalog.read { connection in
            if request.table == .generation {
                return MetricsSeries.Result(series: try OperationReader(request, connection).series())
            }
            let groups = try Self.groups(request, connection)
            let reader = SeriesReader(request, connection)
            return MetricsSeries.Result(series: try groups.map { try reader.series($0) })
        }
    }

    /// The stored series that make one of the answer: their hosts and processes differ.
    private static func groups(_ request: SeriesRequest, _ connection: Connection) throws -> [SeriesReader.Group] {
        let filter = request.filter
        let rows = try connection.rows(
            """
            SELECT series_id, run_id, metric_type, phase, points, untiled, tiled_through FROM metric_series
            WHERE source = ? AND metric_name = ? AND points > 0
            \(filter.series.map { "AND \($0)" }.joined(separator: " "))
            ORDER BY run_id, metric_type, phase, series_id LIMIT ?
            """,
            [SQLValue.text(request.table.rawValue), .text(request.metricName)] + filter.seriesArguments
                + [.integer(Int64(MetricsSeries.mostSeries) + 1)]
        ) { row in
            (
                key: [row.optionalString(1), row.optionalString(2), row.optionalString(3)],
                stored: SeriesReader.Stored(id: row.integer(0), points: row.int(4), tiledThrough: row.integer(6))
            )
        }
        guard rows.count <= MetricsSeries.mostSeries else {
            throw WireError.invalidParams("these are more than \(MetricsSeries.mostSeries) series; ask for fewer runs")
        }
        var groups: [SeriesReader.Group] = []
        for row in rows {
            if groups.last?.key == row.key {
                groups[groups.count - 1].stored.append(row.stored)
            } else {
                groups.append(SeriesReader.Group(key: row.key, stored: [row.stored]))
            }
        }
        return groups
    }
}

/// What is asked of `metrics.series`, checked.
struct SeriesRequest: Sendable {
    let table: MetricTable
    let metricName: String
    let filter: MetricFilter
    let value: String
    let axis: MetricsSeries.Axis?
    let range: ClosedRange<Double>
    let maxPoints: Int
    let smoothing: Double?

    init(_ parameters: MetricsSeries) throws {
        table = try MetricTable(named: parameters.table)
        metricName = parameters.metricName
        guard parameters.runIDs.count <= MetricsSeries.mostRuns else {
            throw WireError.invalidParams(
                "params.run_ids has \(parameters.runIDs.count) entries; at most \(MetricsSeries.mostRuns) are possible"
            )
        }
        for runID in parameters.runIDs { try RunID.check(runID) }
        var filter = try MetricFilter(parameters.filters, of: table)
        let places = [String](repeating: "?", count: parameters.runIDs.count).joined(separator: ", ")
        filter.add(series: "run_id IN (\(places))", parameters.runIDs.map { .text($0) })
        self.filter = filter
        value = try Self.value(parameters.value, table)
        axis = parameters.x
        if let axis, axis != .timestamp { _ = try table.column(axis.rawValue) }
        let (from, to) = (parameters.from ?? -.infinity, parameters.to ?? .infinity)
        guard from <= to else {
            throw WireError.invalidParams("params.from is \(from), which is beyond params.to, \(to)")
        }
        range = from...to
        let points = parameters.maxPoints ?? 1000
        guard points >= 1 else {
            throw WireError.invalidParams("params.max_points is \(points); it must be at least 1")
        }
        maxPoints = min(points, MetricsSeries.mostPoints)
        smoothing = parameters.smoothing
        if let smoothing, !(0..<1).contains(smoothing) {
            throw WireError.invalidParams("params.smoothing is \(smoothing); it is at least 0 and less than 1")
        }
    }

    private static func value(_ name: String?, _ table: MetricTable) throws -> String {
        guard let name else { return table.valueColumn }
        guard try table.column(name).kind != .text else {
            throw WireError.invalidParams("params.value is \(name), which has no numbers")
        }
        guard table == .generation || name == table.valueColumn else {
            throw WireError.invalidParams("params.value is \(name); \(table.rawValue) has \(table.valueColumn) to plot")
        }
        return name
    }
}
