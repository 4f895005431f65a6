import Wire

/// Deletes points tile by tile, so that it knows of each point which one of its series it was.
///
/// Points that are in no tile yet, the newest of each series, stay; so do the tiles, which is what plots are drawn from.
struct Pruning: Sendable {
    /// Where a step begins.
    struct Place: Codable, Sendable {
        var series: Int64 = 0
        var ordinal = -1
        /// Of `generation_metrics`, once the series are done.
        var generation: Int64?
    }

    struct Step {
        var deleted = 0
        var examined = 0
        /// Where the next one begins; nil: all is done.
        var next: Place?
    }

    /// So many tiles are looked at in one step.
    private static let tilesPerStep = 256
    /// A tile none of whose points is kept.
    private static let emptied = -1

    let runID: String?
    let before: Double?
    let keepEvery: Int?

    func step(from place: Place, _ connection: Connection) throws -> Step {
        for table in MetricTable.allCases { try MetricIDs.keep(table, connection) }
        if let id = place.generation { return try generations(after: id, connection) }
        var step = Step()
        let tiles = try connection.rows(
            """
            SELECT t.series_id, t.ordinal, t.last_id, t.is_thinned, s.source FROM metric_tiles AS t
            JOIN metric_series AS s USING (series_id)
            WHERE t.level = 0 AND (t.series_id, t.ordinal) > (?1, ?2) AND (?3 IS NULL OR s.run_id = ?3)
            AND (?4 IS NULL OR t.max_timestamp < ?4) AND t.is_thinned != ?5
            ORDER BY t.series_id, t.ordinal LIMIT ?6
            """,
            [place.series, place.ordinal, runID, before, keepEvery ?? Self.emptied, Self.tilesPerStep]
        ) { row in
            (
                series: row.integer(0), ordinal: row.int(1), lastID: row.integer(2), thinned: row.int(3),
                table: MetricTable(rawValue: row.string(4))
            )
        }
        for tile in tiles {
            guard let table = tile.table?.points, tile.thinned != Self.emptied else { continue }
            // What was thinned otherwise can't be thinned this way any more, only emptied.
            if let keepEvery, tile.thinned > 1, !keepEvery.isMultiple(of: tile.thinned) { continue }
            let (deleted, examined) = try thin(
                tile.series,
                tile.ordinal,
                through: tile.lastID,
                thinned: max(tile.thinned, 1),
                table,
                connection
            )
            step.deleted += deleted
            step.examined += examined
        }
        step.next = tiles.last.map { Place(series: $0.series, ordinal: $0.ordinal) } ?? Place(generation: 0)
        return step
    }

    private func thin(
        _ series: Int64,
        _ ordinal: Int,
        through last: Int64,
        thinned: Int,
        _ table: String,
        _ connection: Connection
    ) throws -> (deleted: Int, examined: Int) {
        let first =
            try connection.first(
                "SELECT last_id FROM metric_tiles WHERE series_id = ? AND level = 0 AND ordinal = ?",
                series,
                ordinal - 1
            ) { $0.integer(0) } ?? 0
        let ids = try connection.rows(
            "SELECT id FROM \(table) WHERE series_id = ? AND id > ? AND id <= ? ORDER BY id",
            [series, first, last]
        ) { $0.integer(0) }
        // The places of the points that are there, counted in the whole series.
        let start = ordinal * Tile.width
        let places = (start..<start + Tile.width).filter { $0.isMultiple(of: thinned) }
        var deleted = 0
        for (id, place) in zip(ids, places) {
            if let keepEvery, place.isMultiple(of: keepEvery) { continue }
            deleted += try connection.execute("DELETE FROM \(table) WHERE id = ?", id)
        }
        try connection.execute(
            "UPDATE metric_tiles SET is_thinned = ? WHERE series_id = ? AND level = 0 AND ordinal = ?",
            keepEvery ?? Self.emptied,
            series,
            ordinal
        )
        if deleted > 0 {
            try connection.execute("UPDATE metric_series SET points = points - ? WHERE series_id = ?", deleted, series)
        }
        return (deleted, ids.count)
    }

    private func generations(after id: Int64, _ connection: Connection) throws -> Step {
        let ids = try connection.rows(
            """
            SELECT id FROM generation_metrics WHERE id > ?1 AND (?2 IS NULL OR run_id = ?2)
            AND (?3 IS NULL OR timestamp < ?3) ORDER BY id LIMIT ?4
            """,
            [id, runID, before, Self.tilesPerStep * Tile.width]
        ) { $0.integer(0) }
        var step = Step(examined: ids.count)
        // A row is the whole of its operation, not one of many points of a curve: none is left out to thin them.
        if keepEvery == nil {
            for id in ids { step.deleted += try connection.execute("DELETE FROM generation_metrics WHERE id = ?", id) }
        }
        if let last = ids.last, keepEvery == nil { step.next = Place(generation: last) }
        return step
    }
}
