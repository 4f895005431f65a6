extension Metrics {
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
        ),
        // What is the same for all points of a series is stored once: a point takes 45 bytes with its index instead of 121.
        Migration("metrics by series", script: series + generation + tiles + moved),
    ]

    private static let series = """
        CREATE TABLE metric_series (
            series_id INTEGER PRIMARY KEY,
            source TEXT NOT NULL CHECK (source IN ('resource_metrics', 'training_metrics')),
            run_id TEXT,
            metric_type TEXT,
            metric_name TEXT NOT NULL,
            phase TEXT,
            unit TEXT,
            hostname TEXT,
            process_id INTEGER,
            points INTEGER NOT NULL DEFAULT 0,
            first_timestamp REAL,
            last_timestamp REAL,
            untiled INTEGER NOT NULL DEFAULT 0,
            tiled_through INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX idx_metric_series_run_id ON metric_series (run_id, source, metric_name);
        CREATE INDEX idx_metric_series_name ON metric_series (source, metric_name);
        CREATE TABLE training_points (
            id INTEGER PRIMARY KEY,
            series_id INTEGER NOT NULL,
            timestamp REAL NOT NULL,
            metric_value REAL,
            step INTEGER,
            epoch_number INTEGER,
            round_number INTEGER,
            non_finite TEXT CHECK (non_finite IN ('NaN', 'Infinity', '-Infinity'))
        ) STRICT;
        CREATE TABLE resource_points (
            id INTEGER PRIMARY KEY,
            series_id INTEGER NOT NULL,
            timestamp REAL NOT NULL,
            value REAL,
            non_finite TEXT CHECK (non_finite IN ('NaN', 'Infinity', '-Infinity'))
        ) STRICT;

        """

    private static let generation = """
        CREATE TABLE generation_metrics (
            id INTEGER PRIMARY KEY,
            timestamp REAL NOT NULL,
            run_id TEXT,
            operation TEXT NOT NULL,
            round_number INTEGER,
            chunk_number INTEGER,
            duration_seconds REAL,
            samples_generated INTEGER,
            memory_used_mb REAL,
            process_id INTEGER,
            is_finite INTEGER NOT NULL,
            non_finite TEXT CHECK (non_finite IN ('NaN', 'Infinity', '-Infinity'))
        ) STRICT;
        CREATE INDEX idx_generation_metrics_run_id ON generation_metrics (run_id, operation);
        -- Ids that were given out and deleted since: none is given out again, so that a cursor never passes over a row.
        CREATE TABLE metric_ids (source TEXT PRIMARY KEY NOT NULL, last_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        """

    /// Aggregates of the points of a series in the order of their arrival: level 0 of ``Tile/width`` points each, every
    /// further level of ``Tile/fan`` of the one below.
    private static let tiles = """
        CREATE TABLE metric_tiles (
            series_id INTEGER NOT NULL, level INTEGER NOT NULL, ordinal INTEGER NOT NULL,
            last_id INTEGER NOT NULL, count INTEGER NOT NULL, finite INTEGER NOT NULL,
            sum REAL NOT NULL, min REAL, max REAL, last REAL, last_non_finite TEXT,
            min_timestamp REAL NOT NULL, max_timestamp REAL NOT NULL,
            min_step INTEGER, max_step INTEGER, min_epoch INTEGER, max_epoch INTEGER,
            is_thinned INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (series_id, level, ordinal)
        ) STRICT, WITHOUT ROWID;

        """

    private static let moved = """
        INSERT INTO metric_series (source, run_id, metric_name, phase, points, untiled, first_timestamp, last_timestamp)
        SELECT 'training_metrics', run_id, metric_name, phase, count(*), count(*), min(timestamp), max(timestamp)
        FROM training_metrics GROUP BY run_id, metric_name, phase;
        INSERT INTO training_points (id, series_id, timestamp, metric_value, step, epoch_number, round_number, non_finite)
        SELECT id, (SELECT series_id FROM metric_series AS s WHERE s.run_id IS old.run_id
            AND s.metric_name = old.metric_name AND s.phase IS old.phase),
            timestamp, metric_value, step, epoch_number, round_number, non_finite
        FROM training_metrics AS old ORDER BY id;
        DROP TABLE training_metrics;
        CREATE INDEX idx_training_points_series_id ON training_points (series_id);
        CREATE INDEX idx_resource_points_series_id ON resource_points (series_id);
        CREATE VIEW training_metrics AS
        SELECT id, timestamp, run_id, metric_name, metric_value, round_number, epoch_number, step, phase,
            CAST(non_finite IS NULL AS INTEGER) AS is_finite, non_finite
        FROM training_points JOIN metric_series USING (series_id);
        CREATE VIEW resource_metrics AS
        SELECT id, timestamp, run_id, metric_type, metric_name, value, unit, hostname, process_id,
            CAST(non_finite IS NULL AS INTEGER) AS is_finite, non_finite
        FROM resource_points JOIN metric_series USING (series_id);
        """
}
