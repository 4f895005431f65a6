import Wire

/// Writes the points of one table's series, and the tiles that they complete.
struct PointWriter {
    private let table: MetricTable
    private let transaction: WriteTransaction

    init(_ table: MetricTable, _ transaction: WriteTransaction) {
        self.table = table
        self.transaction = transaction
    }

    private struct Added {
        var points = 0
        var first = Double.infinity
        var last = -Double.infinity
    }

    func write(_ batch: MetricBatch, ids: SeriesIndex) throws {
        let connection = transaction.connection
        let seriesIDs = try batch.series.map { $0.table == table ? try ids.id(of: $0, transaction) : nil }
        var added = [Added](repeating: Added(), count: batch.series.count)
        var id = try MetricIDs.last(table, connection)
        let statement = try connection.statement(
            table == .training
                ? """
                INSERT INTO training_points (id, series_id, timestamp, metric_value, non_finite, step, epoch_number, round_number)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
                : "INSERT INTO resource_points (id, series_id, timestamp, value, non_finite) VALUES (?, ?, ?, ?, ?)"
        )
        defer { statement.reset() }
        for point in batch.points {
            guard let series = seriesIDs[point.series] else { continue }
            let timestamp = point.timestamp ?? transaction.time
            id += 1
            try statement.bind(1, id)
            try statement.bind(2, series)
            try statement.bind(3, timestamp)
            try statement.bind(4, point.value.isFinite ? .real(point.value) : .null)
            try statement.bind(5, NonFinite.name(of: point.value))
            if table == .training {
                try statement.bind(6, point.step.sqlValue)
                try statement.bind(7, point.epoch.sqlValue)
                try statement.bind(8, point.round.sqlValue)
            }
            try statement.execute()
            added[point.series].points += 1
            added[point.series].first = min(added[point.series].first, timestamp)
            added[point.series].last = max(added[point.series].last, timestamp)
        }
        for (series, added) in zip(seriesIDs, added) {
            if let series, added.points > 0 { try count(added, series) }
        }
    }

    private func count(_ added: Added, _ series: Int64) throws {
        let untiled = try transaction.connection.first(
            """
            UPDATE metric_series SET points = points + ?2, untiled = untiled + ?2,
            first_timestamp = min(coalesce(first_timestamp, ?3), ?3),
            last_timestamp = max(coalesce(last_timestamp, ?4), ?4) WHERE series_id = ?1 RETURNING untiled
            """,
            series,
            added.points,
            added.first,
            added.last
        ) { $0.int(0) }
        if let untiled, untiled >= Tile.width {
            try Tiles.extend(series, of: table, by: untiled / Tile.width, transaction.connection)
        }
    }
}
