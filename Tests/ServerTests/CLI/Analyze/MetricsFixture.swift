import Foundation

@testable import Server

/// A database with the metrics that a test puts into it.
struct MetricsFixture {
    static let start = 1_795_000_000.0

    let directory: TemporaryDirectory
    let path: String

    private static let schema = """
        CREATE TABLE runs (run_id TEXT PRIMARY KEY, status TEXT, started_at TEXT, heartbeat_at TEXT, finished_at TEXT,
            config TEXT, tags TEXT);
        CREATE TABLE resource_metrics (id INTEGER PRIMARY KEY, timestamp REAL, run_id TEXT, metric_type TEXT,
            metric_name TEXT, value REAL, unit TEXT, hostname TEXT, process_id INTEGER, is_finite INTEGER, non_finite TEXT);
        CREATE TABLE generation_metrics (id INTEGER PRIMARY KEY, timestamp REAL, run_id TEXT, operation TEXT,
            round_number INTEGER, chunk_number INTEGER, duration_seconds REAL, samples_generated INTEGER,
            memory_used_mb REAL, process_id INTEGER);
        CREATE TABLE all_training (id INTEGER PRIMARY KEY, timestamp REAL, run_id TEXT, metric_name TEXT,
            metric_value REAL, round_number INTEGER, epoch_number INTEGER, step INTEGER, phase TEXT, is_finite INTEGER,
            non_finite TEXT);
        CREATE VIEW training_metrics AS SELECT * FROM all_training;
        """

    /// - Parameter fill: Inserts rows.
    init(schema: String = schema, _ fill: (Connection) throws -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        path = directory.file("telemetry.sqlite")
        let arrays = try ArrayStore(directory: directory.file("arrays"), repairs: RepairHere())
        let catalog = try Catalog(
            path: path,
            durability: .process,
            migrations: [Migration("metrics", script: schema)],
            arrays: arrays
        )
        try catalog.writeNow(fill)
        try catalog.close()
    }

    /// The reports of all runs.
    func report(run: String? = nil) throws -> String {
        let source = try MetricsDatabase(path)
        var text: [String] = []
        try source.read { connection, relations in
            let runs = try RunList(connection, relations)
            let chosen = try run.map { [try runs.named($0, in: path)] }
            let report = AnalysisReport(source: source, runs: runs, relations: relations)
            text.append(report.header(chosen: chosen?.first))
            for run in chosen ?? report.detailed { text.append(try report.detail(run, connection)) }
        }
        return text.joined(separator: "\n")
    }

    /// The cells of the lines of a report that begin with a text.
    static func cells(_ report: String, _ beginning: String) -> [[String]] {
        report.split(separator: "\n").map { $0.drop { $0 == " " } }.filter { $0.hasPrefix(beginning) }
            .map { $0.split(separator: " ").map(String.init) }
    }
}

extension Connection {
    func addTraining(
        _ run: String?,
        _ time: Double,
        _ name: String,
        _ value: Double?,
        round: Int? = nil,
        epoch: Int? = nil,
        phase: String? = nil,
        nonFinite: String? = nil
    ) throws {
        try execute(
            """
            INSERT INTO all_training (timestamp, run_id, metric_name, metric_value, round_number, epoch_number, phase,
                is_finite, non_finite) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            MetricsFixture.start + time,
            run,
            name,
            value,
            round,
            epoch,
            phase,
            nonFinite == nil,
            nonFinite
        )
    }

    func addResource(
        _ run: String?,
        _ time: Double,
        _ type: String,
        _ name: String,
        _ value: Double?,
        _ unit: String
    ) throws {
        try execute(
            """
            INSERT INTO resource_metrics (timestamp, run_id, metric_type, metric_name, value, unit, is_finite)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            MetricsFixture.start + time,
            run,
            type,
            name,
            value,
            unit,
            value != nil
        )
    }

    func addGeneration(
        _ run: String?,
        _ time: Double,
        _ operation: String,
        round: Int,
        seconds: Double?,
        samples: Int,
        memory: Double?
    ) throws {
        try execute(
            """
            INSERT INTO generation_metrics (timestamp, run_id, operation, round_number, duration_seconds, samples_generated,
                memory_used_mb) VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            MetricsFixture.start + time,
            run,
            operation,
            round,
            seconds,
            samples,
            memory
        )
    }
}
