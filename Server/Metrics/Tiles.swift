/// The stored tiles of series.
enum Tiles {
    static let columns = """
        last_id, count, finite, sum, min, max, last, last_non_finite, min_timestamp, max_timestamp, min_step, max_step,
        min_epoch, max_epoch, is_thinned
        """

    /// Makes tiles of the oldest points that are in none.
    static func extend(_ series: Int64, of table: MetricTable, by number: Int, _ connection: Connection) throws {
        let through =
            try connection.first("SELECT tiled_through FROM metric_series WHERE series_id = ?", series) {
                $0.integer(0)
            }
            ?? 0
        let points = try points(
            of: series,
            table,
            where: "id > ? ORDER BY id LIMIT ?",
            [through, number * Tile.width],
            connection
        )
        var ordinal = try next(series, level: 0, connection)
        for start in stride(from: 0, to: points.count - Tile.width + 1, by: Tile.width) {
            var tile = points[start]
            for point in points[start + 1..<start + Tile.width] { tile.add(point) }
            try insert(tile, series, level: 0, ordinal, connection)
            ordinal += 1
        }
        let tiled = points.count / Tile.width * Tile.width
        guard tiled > 0 else { return }
        try connection.execute(
            "UPDATE metric_series SET untiled = untiled - ?2, tiled_through = ?3 WHERE series_id = ?1",
            series,
            tiled,
            points[tiled - 1].lastID
        )
    }

    /// Points as tiles of their own; `condition` ends the query, its arguments come after the series.
    static func points(
        of series: Int64,
        _ table: MetricTable,
        where condition: String,
        _ arguments: [any SQLConvertible],
        _ connection: Connection
    ) throws -> [Tile] {
        let columns =
            table == .training
            ? "id, timestamp, metric_value, non_finite, step, epoch_number"
            : "id, timestamp, value, non_finite, NULL, NULL"
        return try connection.rows(
            "SELECT \(columns) FROM \(table.points ?? "") WHERE series_id = ? AND \(condition)",
            [series] + arguments
        ) { row in
            Tile(
                id: row.integer(0),
                value: row.optionalString(3).map { NonFinite.value(named: $0) } ?? row.double(2),
                timestamp: row.double(1),
                step: row.optionalInteger(4),
                epoch: row.optionalInteger(5)
            )
        }
    }

    private static func next(_ series: Int64, level: Int, _ connection: Connection) throws -> Int {
        try connection.first(
            "SELECT max(ordinal) + 1 FROM metric_tiles WHERE series_id = ? AND level = ?",
            series,
            level
        ) { $0.int(0) } ?? 0
    }

    /// Stores a tile, and the one above that it completes.
    private static func insert(
        _ tile: Tile,
        _ series: Int64,
        level: Int,
        _ ordinal: Int,
        _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO metric_tiles (series_id, level, ordinal, \(columns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            series,
            level,
            ordinal,
            tile.lastID,
            tile.count,
            tile.finite,
            tile.sum,
            tile.min,
            tile.max,
            tile.last.isFinite ? tile.last : nil,
            NonFinite.name(of: tile.last),
            tile.timestamp.lowerBound,
            tile.timestamp.upperBound,
            tile.step?.lowerBound,
            tile.step?.upperBound,
            tile.epoch?.lowerBound,
            tile.epoch?.upperBound,
            tile.isThinned
        )
        guard (ordinal + 1).isMultiple(of: Tile.fan) else { return }
        let parts = try connection.rows(
            "SELECT \(columns) FROM metric_tiles WHERE series_id = ? AND level = ? AND ordinal > ? ORDER BY ordinal",
            [series, level, ordinal - Tile.fan]
        ) { Tile($0) }
        guard var whole = parts.first else { return }
        for part in parts.dropFirst() { whole.add(part) }
        try insert(whole, series, level: level + 1, ordinal / Tile.fan, connection)
    }
}
