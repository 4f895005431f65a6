/// What a run used of its machine.
struct ResourceReport {
    private static let most = 60
    private static let typeOrder = ["cpu", "ram", "gpu", "disk", "network"]

    let run: RunSummary
    let connection: Connection

    func lines() throws -> [String] {
        var table = TextTable([
            .text("type"), .text("name"), .number("values"), .number("mean"), .number("p50"), .number("p95"),
            .number("peak"), .text("unit"), .number("peak at"), .number("non-finite"),
        ])
        let all = try series().sorted { Self.order($0) < Self.order($1) }
        for series in all.prefix(Self.most) { table.add(row(series)) }
        var lines = table.lines
        if all.count > Self.most { lines.append("  … and \(Human.count(all.count - Self.most)) more") }
        lines.append("  Times count from the run's first record, hours:minutes:seconds.")
        return lines
    }

    /// Count, mean, quantiles and peak of every resource.
    func series() throws -> [ResourceSeries] {
        let keys = "metric_type, metric_name, unit"
        let value = Relation.finite("value")
        var series = try connection.rows(
            """
            SELECT \(keys), count(*), count(\(value)), avg(\(value)), max(\(value)), timestamp FROM resource_metrics
            WHERE run_id IS ? GROUP BY \(keys) ORDER BY \(keys)
            """,
            [run.id]
        ) { row in
            // Beside one max(), SQLite takes a bare column from the row that has it.
            ResourceSeries(
                type: row.optionalString(0),
                name: row.optionalString(1),
                unit: row.optionalString(2),
                rows: row.int(3),
                count: row.int(4),
                mean: row.optionalDouble(5),
                peak: row.optionalDouble(6),
                peakTime: row.optionalDouble(7)
            )
        }
        let quantiles = try Quantiles.ofGroups(
            series.map(\.count),
            [0.5, 0.95],
            connection,
            """
            SELECT value FROM resource_metrics WHERE run_id IS ? AND \(Relation.isFinite("value"))
            ORDER BY \(keys), value
            """,
            [run.id]
        )
        for index in series.indices { series[index].quantiles = quantiles[index] }
        return series
    }

    private func row(_ series: ResourceSeries) -> [String] {
        let scale = series.scale
        let numbers = [series.mean, series.quantiles.first ?? nil, series.quantiles.last ?? nil, series.peak]
        let since = series.peakTime.flatMap { time in run.span.map { time - $0.lowerBound } }
        return [
            Human.text(series.group, limit: 12), Human.text(series.member, limit: 20), Human.count(series.count),
        ] + numbers.map { Human.number($0.map { $0 / scale.divisor }) } + [
            Human.text(scale.unit, limit: 8), series.peak == nil ? Human.nothing : Human.clock(since),
            series.rows == series.count ? Human.nothing : Human.count(series.rows - series.count),
        ]
    }

    private static func order(_ series: ResourceSeries) -> (Int, Int, String, String) {
        let type = typeOrder.firstIndex(of: series.type ?? "") ?? typeOrder.count
        return (type, series.gpu ?? -1, series.group, series.member)
    }
}
