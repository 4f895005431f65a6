import NIOCore
import Wire

/// What the server can do with metrics.
struct Metrics: Sendable {
    let catalog: Catalog

    func register(in table: inout MethodTable) {
        table.on(MetricsAppend.self) { parameters, _ in try append(parameters) }
        table.on(MetricsQuery.self) { parameters, _ in try await query(parameters) }
    }

    /// How a run's deletion concerns this domain.
    static let dependent = RunDependent(
        use: { _, _ in nil },
        delete: { runID, connection in
            try connection.execute("DELETE FROM training_metrics WHERE run_id = ?", runID)
        }
    )

    static let migrations = [
        Migration(
            "metrics",
            script: """
                CREATE TABLE training_metrics (
                    id INTEGER PRIMARY KEY,
                    timestamp REAL NOT NULL,
                    run_id TEXT,
                    metric_name TEXT NOT NULL,
                    metric_value REAL,
                    round_number INTEGER,
                    epoch_number INTEGER,
                    step INTEGER,
                    phase TEXT,
                    is_finite INTEGER NOT NULL,
                    non_finite TEXT CHECK (non_finite IN ('NaN', 'Infinity', '-Infinity'))
                ) STRICT;
                CREATE INDEX idx_training_metrics_run_id ON training_metrics (run_id, metric_name);
                CREATE INDEX idx_training_metrics_timestamp ON training_metrics (timestamp);
                """
        )
    ]
}
