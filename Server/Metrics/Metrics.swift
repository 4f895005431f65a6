import NIOCore
import Wire

/// What the server can do with metrics.
struct Metrics: Sendable {
    let catalog: Catalog
    let series = SeriesIndex()

    func register(in table: inout MethodTable) {
        table.on(MetricsAppend.self) { parameters, _ in try append(parameters) }
        table.on(MetricsQuery.self) { parameters, _ in try await query(parameters) }
        table.on(MetricsSeries.self) { parameters, _ in try await readSeries(parameters) }
        table.on(MetricsSummary.self) { parameters, _ in try await summary(parameters) }
        table.on(MetricsPrune.self) { parameters, _ in try prune(parameters) }
        table.on(MetricsList.self) { parameters, _ in try await list(parameters) }
    }

    /// How a run's deletion concerns this domain.
    var dependent: RunDependent {
        RunDependent(
            use: { _, _ in nil },
            references: { _, _ in [] },
            clear: { _, _, _ in 0 },
            delete: { [series] runID, transaction in
                let connection = transaction.connection
                for table in MetricTable.allCases { try MetricIDs.keep(table, connection) }
                let ids = "(SELECT series_id FROM metric_series WHERE run_id = ?)"
                for name in ["training_points", "resource_points", "metric_tiles"] {
                    try connection.execute("DELETE FROM \(name) WHERE series_id IN \(ids)", runID)
                }
                try connection.execute("DELETE FROM metric_series WHERE run_id = ?", runID)
                try connection.execute("DELETE FROM generation_metrics WHERE run_id = ?", runID)
                series.forget(runID, transaction)
            }
        )
    }
}
