/// Goes through the confidences that occur in a pool, one distance after the other, by one index look-up each.
struct ConfidenceWalk {
    enum Direction: Equatable {
        /// Nearest to a threshold first.
        case outward(from: Double)
        /// Farthest from ½ first.
        case inward
        case ascending
        case descending
    }

    private let pool: CandidatePool
    private let connection: Connection
    private let direction: Direction
    private var low: Double?
    private var high: Double?

    init(_ direction: Direction, _ pool: CandidatePool, _ connection: Connection) throws {
        self.pool = pool
        self.connection = connection
        self.direction = direction
        switch direction {
        case .outward(let threshold):
            low = try next(below: threshold)
            high = try next(from: threshold)
        case .inward:
            low = try next(above: -1)
            high = try next(below: 2)
        case .ascending: low = try next(above: -1)
        case .descending: high = try next(below: 2)
        }
    }

    /// The confidences at the next distance, one or two; empty at the end.
    mutating func next() throws -> [Double] {
        switch direction {
        case .outward(let threshold): try nextOutward(threshold)
        case .inward: try nextInward()
        case .ascending: try take(low: true, high: false)
        case .descending: try take(low: false, high: true)
        }
    }

    private mutating func nextOutward(_ threshold: Double) throws -> [Double] {
        let below = low.map { abs($0 - threshold) } ?? .infinity
        let above = high.map { abs($0 - threshold) } ?? .infinity
        return try take(low: below <= above, high: above <= below)
    }

    private mutating func nextInward() throws -> [Double] {
        guard let first = low, let last = high, first <= last else { return [] }
        guard first < last else {
            low = nil
            return [first]
        }
        let below = abs(first - 0.5)
        let above = abs(last - 0.5)
        return try take(low: below >= above, high: above >= below)
    }

    /// Gives the lower value, the upper one or both, and goes on to what comes next on those sides.
    private mutating func take(low takesLow: Bool, high takesHigh: Bool) throws -> [Double] {
        var values: [Double] = []
        if takesLow, let value = low {
            values.append(value)
            if case .outward = direction { low = try next(below: value) } else { low = try next(above: value) }
        }
        if takesHigh, let value = high {
            values.append(value)
            if case .outward = direction { high = try next(above: value) } else { high = try next(below: value) }
        }
        return values
    }

    private func next(above bound: Double) throws -> Double? { try next(">", bound, "ASC") }

    private func next(from bound: Double) throws -> Double? { try next(">=", bound, "ASC") }

    private func next(below bound: Double) throws -> Double? { try next("<", bound, "DESC") }

    private func next(_ comparison: String, _ bound: Double, _ order: String) throws -> Double? {
        try connection.first(Self.query(pool, comparison, order), bound) { $0.double(0) }
    }

    static func query(_ pool: CandidatePool, _ comparison: String, _ order: String) -> String {
        """
        SELECT \(pool.confidence) FROM labels INDEXED BY \(pool.name)_confidence
        WHERE \(pool.condition) AND \(pool.confidence) \(comparison) ? ORDER BY \(pool.confidence) \(order) LIMIT 1
        """
    }
}
