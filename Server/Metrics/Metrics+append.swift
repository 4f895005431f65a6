import Wire

extension Metrics {
    /// `metrics.append`
    func append(_ parameters: MetricsAppend) throws -> @Sendable (WriteTransaction) throws -> MetricsAppend.Result {
        if let runID = parameters.runID { try RunID.check(runID) }
        var rows: [MetricRow] = []
        var rejected: [RejectedRow] = []
        var rejectedCount = 0
        var index = 0
        func add(_ row: () throws -> MetricRow) {
            do {
                rows.append(try row())
            } catch {
                rejectedCount += 1
                guard rejected.count < MetricsAppend.Result.mostRejected else {
                    index += 1
                    return
                }
                let error = MethodTable.wireError(error)
                rejected.append(.init(index: index, kind: error.kind.rawValue, message: error.message))
            }
            index += 1
        }
        for row in parameters.rows ?? [] { add { try MetricRow(row, runID: parameters.runID) } }
        for columns in parameters.columns ?? [] {
            let block = try MetricBlock(columns)
            for row in 0..<block.count { add { try block.row(row, runID: parameters.runID) } }
        }
        let accepted = rows
        let result = MetricsAppend.Result(
            stored: accepted.count,
            rejected: rejected,
            rejectedCount: rejectedCount > rejected.count ? rejectedCount : nil
        )
        return { transaction in
            try insert(accepted, transaction)
            return result
        }
    }

    private func insert(_ rows: [MetricRow], _ transaction: WriteTransaction) throws {
        let connection = transaction.connection
        let statement = try connection.statement(
            """
            INSERT INTO training_metrics (timestamp, run_id, metric_name, metric_value, round_number, epoch_number, step,
            phase, is_finite, non_finite) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        defer { statement.reset() }
        for row in rows {
            try statement.bind(1, row.timestamp ?? transaction.time)
            try statement.bind(2, row.runID)
            try statement.bind(3, row.name)
            try statement.bind(4, row.value.isFinite ? .real(row.value) : .null)
            try statement.bind(5, row.round.sqlValue)
            try statement.bind(6, row.epoch.sqlValue)
            try statement.bind(7, row.step.sqlValue)
            try statement.bind(8, row.phase)
            try statement.bind(9, row.value.isFinite.sqlValue)
            try statement.bind(10, Self.name(ofNonFinite: row.value))
            try statement.execute()
        }
        for runID in Set(rows.compactMap(\.runID)) {
            try connection.execute("UPDATE runs SET heartbeat_at = ? WHERE run_id = ?", transaction.timestamp, runID)
        }
    }

    private static func name(ofNonFinite value: Double) -> String? {
        if value.isFinite { return nil }
        if value.isNaN { return "NaN" }
        return value > 0 ? "Infinity" : "-Infinity"
    }
}
