import Wire

/// What a plot shows at one place of the x-axis.
struct Bucket {
    var x: Double
    var tile: Tile
    var smoothed: Double?

    /// - Returns: nil for a tile none of whose points has a place on the axis.
    init?(_ tile: Tile, _ axis: MetricsSeries.Axis) {
        guard let range = tile.range(on: axis) else { return nil }
        x = range.upperBound
        self.tile = tile
    }

    private mutating func add(_ next: Bucket) {
        tile.add(next.tile)
        x = max(x, next.x)
        smoothed = next.smoothed ?? smoothed
    }

    /// The share of tiles that begin before what came ahead of them ends.
    static func disorder(_ tiles: [Tile], _ axis: MetricsSeries.Axis) -> Double {
        var end = -Double.infinity
        var backward = 0
        for range in tiles.lazy.compactMap({ $0.range(on: axis) }) {
            if range.lowerBound < end { backward += 1 }
            end = max(end, range.upperBound)
        }
        return Double(backward) / Double(max(tiles.count, 1))
    }

    /// Tiles put together to at most so many buckets, whose borders stay where they are while the series grows.
    static func grouped(
        _ tiles: [Tile],
        at positions: [Int],
        _ axis: MetricsSeries.Axis,
        atMost most: Int
    ) -> [Bucket] {
        guard tiles.count > most, let first = positions.first, let last = positions.last else {
            return tiles.compactMap { Bucket($0, axis) }
        }
        // A power of two: every border of a coarser grouping is one of the finer.
        var width = 1
        while last / width - first / width + 1 > most { width *= 2 }
        var buckets: [Bucket] = []
        var current = Int.min
        for (tile, position) in zip(tiles, positions) {
            guard let bucket = Bucket(tile, axis) else { continue }
            if position / width == current {
                buckets[buckets.count - 1].add(bucket)
            } else {
                buckets.append(bucket)
                current = position / width
            }
        }
        return buckets
    }

    /// Tiles in the order of x, put together to at most so many buckets.
    static func sorted(
        _ tiles: [Tile],
        _ axis: MetricsSeries.Axis,
        atMost most: Int,
        _ smoothing: Double?
    ) -> [Bucket] {
        var buckets = tiles.compactMap { Bucket($0, axis) }
        buckets.sort { $0.x < $1.x }
        if let smoothing {
            var average = MovingAverage(weight: smoothing)
            for index in buckets.indices {
                average.add(buckets[index].tile)
                buckets[index].smoothed = average.value
            }
        }
        return merged(buckets, atMost: most)
    }

    /// Buckets in the order of x, neighbours put together until there are few enough.
    static func merged(_ buckets: [Bucket], atMost most: Int) -> [Bucket] {
        var width = 1
        while (buckets.count + width - 1) / width > most { width *= 2 }
        let buckets = buckets.sorted { $0.x < $1.x }
        guard width > 1 else { return buckets }
        return stride(from: 0, to: buckets.count, by: width).map { start in
            var bucket = buckets[start]
            for next in buckets[start + 1..<min(start + width, buckets.count)] { bucket.add(next) }
            return bucket
        }
    }
}

extension Tile {
    /// Where its points lie on an axis; nil if none has a place there.
    func range(on axis: MetricsSeries.Axis) -> ClosedRange<Double>? {
        switch axis {
        case .timestamp: timestamp
        case .step: step.map { Double($0.lowerBound)...Double($0.upperBound) }
        case .epoch: epoch.map { Double($0.lowerBound)...Double($0.upperBound) }
        }
    }

    func overlaps(_ range: ClosedRange<Double>, _ axis: MetricsSeries.Axis) -> Bool {
        self.range(on: axis).map { $0.overlaps(range) } ?? false
    }
}

/// An exponential moving average that starts without a bias to zero, as TensorBoard's smoothing does.
struct MovingAverage {
    /// The weight of the past against one point.
    let weight: Double
    private var sum = 0.0
    private var past = 1.0

    init(weight: Double) { self.weight = weight }

    /// nil before the first finite value.
    var value: Double? { past < 1 ? sum / (1 - past) : nil }

    /// A tile counts as its finite points would, each with the tile's mean.
    mutating func add(_ tile: Tile) {
        guard let mean = tile.mean else { return }
        var kept = 1.0
        for _ in 0..<tile.finite where kept > 0 { kept *= weight }
        sum = sum * kept + mean * (1 - kept)
        past *= kept
    }
}
