import Wire

extension Metrics {
    /// `metrics.summary`
    func summary(_ parameters: MetricsSummary) async throws -> MetricsSummary.Result {
        if let runID = parameters.runID { try RunID.check(runID) }
        let condition = parameters.runID == nil ? "1" : "run_id = ?"
        let arguments: [SQLValue] = parameters.runID.map { [.text($0)] } ?? []
        return try await catalog.read { connection in
            let parts = try connection.rows(
                """
                SELECT source, sum(points), min(first_timestamp), max(last_timestamp) FROM metric_series
                WHERE \(condition) AND points > 0 GROUP BY source
                UNION ALL SELECT 'generation_metrics', count(*), min(timestamp), max(timestamp) FROM generation_metrics
                WHERE \(condition)
                """,
                arguments + arguments
            ) { (table: $0.string(0), count: $0.int(1), first: $0.optionalDouble(2), last: $0.optionalDouble(3)) }
            func count(_ table: MetricTable) -> Int { parts.first { $0.table == table.rawValue }?.count ?? 0 }
            let pages = try connection.first(
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            ) { $0.double(0) }
            return MetricsSummary.Result(
                resourceMetricsCount: count(.resource),
                generationMetricsCount: count(.generation),
                trainingMetricsCount: count(.training),
                databaseSizeMB: (pages ?? 0) / 1_048_576,
                firstTimestamp: parts.compactMap(\.first).min(),
                lastTimestamp: parts.compactMap(\.last).max()
            )
        }
    }

    /// `metrics.list`
    func list(_ parameters: MetricsList) async throws -> MetricsList.Result {
        guard parameters.runIDs.count <= MetricsSeries.mostRuns else {
            throw WireError.invalidParams(
                "params.run_ids has \(parameters.runIDs.count) entries; at most \(MetricsSeries.mostRuns) are possible"
            )
        }
        for runID in parameters.runIDs { try RunID.check(runID) }
        return try await catalog.read { connection in
            var metrics: [MetricsList.Metric] = []
            for runID in parameters.runIDs {
                metrics += try Self.series(of: runID, connection)
                metrics += try Self.operations(of: runID, connection)
            }
            return MetricsList.Result(metrics: metrics)
        }
    }

    private static func series(of runID: String, _ connection: Connection) throws -> [MetricsList.Metric] {
        let last = MetricTable.allCases.compactMap { table in
            table.points.map { points in
                """
                WHEN '\(table.rawValue)' THEN (SELECT coalesce(non_finite, \(table.valueColumn)) FROM \(points)
                WHERE series_id = s.series_id ORDER BY id DESC LIMIT 1)
                """
            }
        }
        return try connection.rows(
            """
            SELECT source, metric_name, metric_type, unit, phase, points, last_timestamp,
            CASE source \(last.joined(separator: " ")) END
            FROM metric_series AS s WHERE run_id = ? ORDER BY source, metric_type, metric_name, phase, series_id
            """,
            [runID]
        ) { row in
            let last: Double?
            if case .text(let name) = row.value(7) {
                last = NonFinite.value(named: name)
            } else {
                last = row.optionalDouble(7)
            }
            return MetricsList.Metric(
                table: row.string(0),
                runID: runID,
                metricName: row.string(1),
                metricType: row.optionalString(2),
                unit: row.optionalString(3),
                phase: row.optionalString(4),
                count: row.int(5),
                lastTimestamp: row.optionalDouble(6),
                last: last
            )
        }
    }

    private static func operations(of runID: String, _ connection: Connection) throws -> [MetricsList.Metric] {
        try connection.rows(
            """
            SELECT operation, count(*), max(timestamp), duration_seconds FROM generation_metrics WHERE run_id = ?
            GROUP BY operation ORDER BY operation
            """,
            [runID]
        ) { row in
            MetricsList.Metric(
                table: MetricTable.generation.rawValue,
                runID: runID,
                metricName: row.string(0),
                count: row.int(1),
                lastTimestamp: row.optionalDouble(2),
                last: row.optionalDouble(3)
            )
        }
    }
}
