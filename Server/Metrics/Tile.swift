/// An aggregate of consecutive points of a series.
struct Tile: Sendable {
    /// The points of a tile of level 0.
    static let width = 32
    /// The tiles of a level that make one of the next.
    static let fan = 8

    var lastID: Int64
    var count = 0
    /// How many of the points have a finite value.
    var finite = 0
    /// Of the finite values.
    var sum = 0.0
    var min: Double?
    var max: Double?
    /// The value that came last, which may not be finite.
    var last: Double
    var timestamp: ClosedRange<Double>
    var step: ClosedRange<Int64>?
    var epoch: ClosedRange<Int64>?
    /// Whether not all of its points are stored any more.
    var isThinned = false

    /// The mean of the finite values.
    var mean: Double? { finite > 0 ? sum / Double(finite) : nil }

    /// The tile of one point.
    init(id: Int64, value: Double, timestamp: Double, step: Int64?, epoch: Int64?) {
        lastID = id
        count = 1
        last = value
        self.timestamp = timestamp...timestamp
        self.step = step.map { $0...$0 }
        self.epoch = epoch.map { $0...$0 }
        guard value.isFinite else { return }
        finite = 1
        sum = value
        min = value
        max = value
    }

    /// A tile as the database has it.
    init(_ row: Row) {
        lastID = row.integer(0)
        count = row.int(1)
        finite = row.int(2)
        sum = row.double(3)
        min = row.optionalDouble(4)
        max = row.optionalDouble(5)
        last = row.optionalString(7).map { NonFinite.value(named: $0) } ?? row.double(6)
        timestamp = row.double(8)...row.double(9)
        if let low = row.optionalInteger(10), let high = row.optionalInteger(11) { step = low...high }
        if let low = row.optionalInteger(12), let high = row.optionalInteger(13) { epoch = low...high }
        isThinned = row.integer(14) != 0
    }

    /// Takes the points of a tile that comes after this one.
    mutating func add(_ next: Tile) {
        lastID = next.lastID
        count += next.count
        finite += next.finite
        sum += next.sum
        if let other = next.min { min = Swift.min(min ?? other, other) }
        if let other = next.max { max = Swift.max(max ?? other, other) }
        last = next.last
        timestamp = timestamp.union(next.timestamp)
        step = step.map { $0.union(next.step) } ?? next.step
        epoch = epoch.map { $0.union(next.epoch) } ?? next.epoch
        isThinned = isThinned || next.isThinned
    }
}

extension ClosedRange {
    /// The smallest range that has both.
    fileprivate func union(_ other: ClosedRange?) -> ClosedRange {
        guard let other else { return self }
        return Swift.min(lowerBound, other.lowerBound)...Swift.max(upperBound, other.upperBound)
    }
}
