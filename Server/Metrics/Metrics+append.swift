import Wire

extension Metrics {
    /// `metrics.append`
    func append(_ parameters: MetricsAppend) throws -> @Sendable (WriteTransaction) throws -> MetricsAppend.Result {
        if let runID = parameters.runID { try RunID.check(runID) }
        var batch = MetricBatch()
        var refusals = Refusals()
        for row in parameters.rows ?? [] {
            do {
                let row = try MetricRow(row)
                try batch.add(row, of: row.table, runID: parameters.runID)
            } catch {
                refusals.add(0, error)
            }
            refusals.start += 1
        }
        for columns in parameters.columns ?? [] {
            let block = try MetricBlock(columns)
            block.add(to: &batch, runID: parameters.runID) { refusals.add($0, $1) }
            refusals.start += block.count
        }
        let result = MetricsAppend.Result(
            stored: batch.count,
            rejected: refusals.rows,
            rejectedCount: refusals.count > refusals.rows.count ? refusals.count : nil
        )
        let accepted = batch
        return { transaction in
            try store(accepted, transaction)
            return result
        }
    }

    /// The rows that are not stored.
    private struct Refusals {
        private(set) var rows: [RejectedRow] = []
        private(set) var count = 0
        /// The index of the first row of what is being read.
        var start = 0

        mutating func add(_ row: Int, _ error: any Error) {
            count += 1
            guard rows.count < MetricsAppend.Result.mostRejected else { return }
            let error = MethodTable.wireError(error)
            rows.append(.init(index: start + row, kind: error.kind.rawValue, message: error.message))
        }
    }

    private func store(_ batch: MetricBatch, _ transaction: WriteTransaction) throws {
        for table in [MetricTable.training, .resource] where batch.series.contains(where: { $0.table == table }) {
            try PointWriter(table, transaction).write(batch, ids: series)
        }
        try write(batch.generations, transaction)
        let runs = Set(batch.series.compactMap(\.runID) + batch.generations.compactMap(\.runID))
        for runID in runs {
            try transaction.connection.execute(
                "UPDATE runs SET heartbeat_at = ? WHERE run_id = ?",
                transaction.timestamp,
                runID
            )
        }
        transaction.afterCommit { [catalog] in catalog.announcements.post(.metrics, runs: runs) }
    }

    private func write(_ rows: [MetricBatch.Generation], _ transaction: WriteTransaction) throws {
        guard !rows.isEmpty else { return }
        var id = try MetricIDs.last(.generation, transaction.connection)
        for row in rows {
            id += 1
            try transaction.connection.execute(
                """
                INSERT INTO generation_metrics (id, timestamp, run_id, operation, round_number, chunk_number,
                duration_seconds, samples_generated, memory_used_mb, process_id, is_finite, non_finite)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                id,
                row.timestamp ?? transaction.time,
                row.runID,
                row.operation,
                row.round,
                row.chunk,
                row.duration.flatMap { $0.isFinite ? $0 : nil },
                row.samples,
                row.memory,
                row.processID,
                row.duration?.isFinite ?? true,
                row.duration.flatMap { NonFinite.name(of: $0) }
            )
        }
    }
}

/// The values that no SQL number is.
enum NonFinite {
    /// `NaN`, `Infinity` or `-Infinity`; nil for a finite value.
    static func name(of value: Double) -> String? {
        if value.isFinite { return nil }
        if value.isNaN { return "NaN" }
        return value > 0 ? "Infinity" : "-Infinity"
    }

    /// The value behind a name.
    static func value(named name: String) -> Double {
        switch name {
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: .nan
        }
    }
}

/// The ids of rows: they grow, and none is given out twice.
enum MetricIDs {
    /// The last id of a table that was given out.
    static func last(_ table: MetricTable, _ connection: Connection) throws -> Int64 {
        try connection.first(
            """
            SELECT max(coalesce((SELECT max(id) FROM \(table.points ?? table.rawValue)), 0),
                coalesce((SELECT last_id FROM metric_ids WHERE source = ?), 0))
            """,
            table.rawValue
        ) { $0.integer(0) } ?? 0
    }

    /// Keeps the last id in mind; to be called before rows are deleted.
    static func keep(_ table: MetricTable, _ connection: Connection) throws {
        let last = try last(table, connection)
        try connection.execute(
            "INSERT INTO metric_ids (source, last_id) VALUES (?1, ?2) ON CONFLICT (source) DO UPDATE SET last_id = ?2",
            table.rawValue,
            last
        )
    }
}
