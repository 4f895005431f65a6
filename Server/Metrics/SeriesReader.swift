import Wire

/// Reads series thinned to a number of points, from the coarsest tiles that show enough.
struct SeriesReader {
    /// A series as it is stored.
    struct Stored {
        let id: Int64
        /// The points that are there now.
        let points: Int
        /// The last point that is part of a tile.
        let tiledThrough: Int64
    }

    /// What makes one series of the answer.
    struct Group {
        /// run_id, metric_type, phase
        let key: [String?]
        var stored: [Stored]
    }

    /// Points that come in another order than their x are sorted one by one, up to so many.
    private static let mostSorted = 1_000_000

    private let request: SeriesRequest
    private let connection: Connection

    init(_ request: SeriesRequest, _ connection: Connection) {
        self.request = request
        self.connection = connection
    }

    func series(_ group: Group) throws -> MetricsSeries.Series {
        let axis = try request.axis ?? naturalAxis(of: group)
        var buckets: [Bucket] = []
        for stored in group.stored { buckets += try self.buckets(of: stored, axis) }
        if group.stored.count > 1 { buckets = Bucket.merged(buckets, atMost: request.maxPoints) }
        let count = group.stored.reduce(0) { $0 + $1.points }
        return MetricsSeries.Series(
            key: key(of: group),
            xAxis: axis,
            x: buckets.map(\.x),
            min: buckets.map(\.tile.min),
            max: buckets.map(\.tile.max),
            last: buckets.map(\.tile.last),
            smoothed: request.smoothing == nil ? nil : buckets.map(\.smoothed),
            count: count
        )
    }

    private func key(of group: Group) -> [String: JSONValue] {
        var key: [String: JSONValue] = ["metric_name": .string(request.metricName)]
        for (name, value) in zip(["run_id", "metric_type", "phase"], group.key) {
            if let value { key[name] = .string(value) }
        }
        return key
    }

    /// The step if the newest point has one, else its epoch, else its time.
    private func naturalAxis(of group: Group) throws -> MetricsSeries.Axis {
        guard request.table == .training, let stored = group.stored.last else { return .timestamp }
        let newest = try Tiles.points(
            of: stored.id,
            request.table,
            where: "1 ORDER BY id DESC LIMIT 1",
            [],
            connection
        ).first
        return newest?.step != nil ? .step : newest?.epoch != nil ? .epoch : .timestamp
    }

    // MARK: Buckets

    private func buckets(of stored: Stored, _ axis: MetricsSeries.Axis) throws -> [Bucket] {
        if !request.filter.points.isEmpty {
            return sorted(try points(of: stored, after: 0, through: .max), axis)
        }
        let pieces = try pieces(of: stored, axis)
        let disorder = Bucket.disorder(pieces.tiles, axis)
        guard disorder == 0 else {
            // A run that was resumed overlaps itself at the seam: tiles show that well enough.
            let tilesWillDo = pieces.arePoints || disorder < 0.05 || stored.points > Self.mostSorted
            return sorted(tilesWillDo ? pieces.tiles : try points(of: stored, after: 0, through: .max), axis)
        }
        let buckets = Bucket.grouped(pieces.tiles, at: pieces.positions, axis, atMost: request.maxPoints)
        guard request.smoothing != nil else { return buckets }
        return smooth(buckets, try finest(of: stored, like: pieces), axis)
    }

    /// Points in the order of x instead of their arrival.
    private func sorted(_ points: [Tile], _ axis: MetricsSeries.Axis) -> [Bucket] {
        let points = points.filter { $0.overlaps(request.range, axis) }
        return Bucket.sorted(points, axis, atMost: request.maxPoints, request.smoothing)
    }

    private func smooth(_ buckets: [Bucket], _ finest: [Tile], _ axis: MetricsSeries.Axis) -> [Bucket] {
        guard let weight = request.smoothing, !finest.isEmpty else { return buckets }
        var average = MovingAverage(weight: weight)
        var rest = finest[...]
        return buckets.map { bucket in
            while let tile = rest.first, tile.lastID <= bucket.tile.lastID {
                average.add(tile)
                rest.removeFirst()
            }
            var bucket = bucket
            bucket.smoothed = average.value
            return bucket
        }
    }

    /// Consecutive tiles, and where each begins, counted in points of the series.
    private struct Pieces {
        var tiles: [Tile] = []
        var positions: [Int] = []
        /// Whether they are single points.
        var arePoints = false
    }

    /// From the top down, the first level of which enough tiles lie in the range, with the finer ones behind its end; where
    /// no level has enough, the points.
    private func pieces(of stored: Stored, _ axis: MetricsSeries.Axis) throws -> Pieces {
        let top = try connection.first("SELECT max(level) FROM metric_tiles WHERE series_id = ?", stored.id) {
            $0.int(0)
        }
        for level in stride(from: top ?? 0, through: 0, by: -1) {
            let tiles = try tiles(of: stored, level: level, from: 0, axis)
            if 2 * tiles.count >= request.maxPoints { return try withTail(tiles, level: level, stored, axis) }
        }
        return try singlePoints(of: stored, axis)
    }

    private struct PlacedTile {
        let ordinal: Int
        let tile: Tile
    }

    private func tiles(
        of stored: Stored,
        level: Int,
        from ordinal: Int,
        _ axis: MetricsSeries.Axis
    ) throws -> [PlacedTile] {
        let name = axis == .epoch ? "epoch" : axis.rawValue
        return try connection.rows(
            """
            SELECT \(Tiles.columns), ordinal FROM metric_tiles WHERE series_id = ? AND level = ? AND ordinal >= ?
            AND max_\(name) >= ? AND min_\(name) <= ? ORDER BY ordinal
            """,
            [stored.id, level, ordinal, request.range.lowerBound, request.range.upperBound]
        ) { PlacedTile(ordinal: $0.int(15), tile: Tile($0)) }
    }

    /// The points that a tile of a level has.
    private static func width(ofLevel level: Int) -> Int {
        (0..<level).reduce(Tile.width) { width, _ in width * Tile.fan }
    }

    private func withTail(
        _ tiles: [PlacedTile],
        level: Int,
        _ stored: Stored,
        _ axis: MetricsSeries.Axis
    ) throws -> Pieces {
        var pieces = Pieces()
        func add(_ placed: [PlacedTile], level: Int) {
            pieces.tiles += placed.map(\.tile)
            pieces.positions += placed.map { $0.ordinal * Self.width(ofLevel: level) }
        }
        add(tiles, level: level)
        for below in stride(from: level - 1, through: 0, by: -1) {
            let first = try number(ofTiles: below + 1, stored) * Tile.fan
            add(try self.tiles(of: stored, level: below, from: first, axis), level: below)
        }
        let start = try number(ofTiles: 0, stored) * Tile.width
        let tail = try points(of: stored, after: stored.tiledThrough, through: .max)
            .filter { $0.overlaps(request.range, axis) }
        pieces.tiles += tail
        pieces.positions += tail.indices.map { start + $0 }
        return pieces
    }

    private func number(ofTiles level: Int, _ stored: Stored) throws -> Int {
        try connection.first(
            "SELECT max(ordinal) + 1 FROM metric_tiles WHERE series_id = ? AND level = ?",
            stored.id,
            level
        ) { $0.int(0) } ?? 0
    }

    /// The points in the range; where some of a tile's are not stored any more, the tile.
    private func singlePoints(of stored: Stored, _ axis: MetricsSeries.Axis) throws -> Pieces {
        var pieces = Pieces()
        pieces.arePoints = true
        let tiles = try tiles(of: stored, level: 0, from: 0, axis)
        func add(_ points: [Tile], from position: Int) {
            for (place, point) in points.enumerated() where point.overlaps(request.range, axis) {
                pieces.tiles.append(point)
                pieces.positions.append(position + place)
            }
        }
        var index = 0
        while index < tiles.count {
            let start = tiles[index].ordinal
            if tiles[index].tile.isThinned {
                add([tiles[index].tile], from: start * Tile.width)
                index += 1
                continue
            }
            // Neighbours are read together.
            var end = index + 1
            while end < tiles.count, tiles[end].ordinal == start + end - index, !tiles[end].tile.isThinned { end += 1 }
            let before = try lastID(before: start, stored)
            add(try points(of: stored, after: before, through: tiles[end - 1].tile.lastID), from: start * Tile.width)
            index = end
        }
        let tail = try points(of: stored, after: stored.tiledThrough, through: .max)
        add(tail, from: try number(ofTiles: 0, stored) * Tile.width)
        return pieces
    }

    private func lastID(before ordinal: Int, _ stored: Stored) throws -> Int64 {
        try connection.first(
            "SELECT last_id FROM metric_tiles WHERE series_id = ? AND level = 0 AND ordinal = ?",
            stored.id,
            ordinal - 1
        ) { $0.integer(0) } ?? 0
    }

    private func points(of stored: Stored, after: Int64, through: Int64) throws -> [Tile] {
        let conditions = (["id > ? AND id <= ?"] + request.filter.points).joined(separator: " AND ")
        return try Tiles.points(
            of: stored.id,
            request.table,
            where: "\(conditions) ORDER BY id",
            [after, through] + request.filter.pointArguments,
            connection
        )
    }

    /// What the average is taken over: the tiles of level 0, so that it does not depend on how much is shown, and where
    /// single points are shown, those.
    private func finest(of stored: Stored, like pieces: Pieces) throws -> [Tile] {
        var tiles = try connection.rows(
            "SELECT \(Tiles.columns) FROM metric_tiles WHERE series_id = ? AND level = 0 ORDER BY ordinal",
            [stored.id]
        ) { Tile($0) }
        guard pieces.arePoints, let first = pieces.tiles.first else {
            return tiles + (try points(of: stored, after: stored.tiledThrough, through: .max))
        }
        tiles.removeAll { $0.lastID >= first.lastID }
        return tiles + pieces.tiles
    }
}
