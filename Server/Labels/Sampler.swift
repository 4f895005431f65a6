/// Picks images from a pool by its indexes: no scan and no sort of the table, however large it is.
struct Sampler {
    /// A picked image.
    struct Pick: Sendable, Equatable {
        let id: Int64
        /// How likely this image was among the picks, given the way of picking; nil where that is not known.
        ///
        /// Of many images with the same confidence it is an estimate, from how densely their tiebreaks lie.
        let propensity: Double?
    }

    /// Tiebreaks are uniform in 0 ..< this.
    static let tiebreakRange: Int64 = 1 << 62
    /// How many images that are registered together have tiebreaks in a row.
    private static let runLength = 8
    /// No window of the size aimed at has more rows than this: there are a quarter as many on average, at worst in runs, of
    /// which one window in 100 000 has so many.
    private static let windowCapacity = 96
    /// From how many rows it is told how densely they lie.
    private static let headRows = 2 * windowCapacity + 1
    /// Windows looked at for one pick; four are enough on average.
    private static let maximumTries = 1000
    /// Of so few rows it is soon cheaper to look at all than to guess on.
    private static let fewRows = 4096.0
    private static let triesAmongFew = 24

    /// Tiebreaks of images that are registered together, ascending runs at random places: so their entries in an index by
    /// tiebreak come to few of its pages, and to one after the other. Which of them an image gets does not matter to a pick.
    static func tiebreaks(_ count: Int, seed: UInt64 = .random(in: 0 ... .max)) -> [Int64] {
        var generator = SeededGenerator(seed: seed)
        let places = (0..<count).filter { $0.isMultiple(of: runLength) }
            .map { _ in Int64.random(in: 0..<tiebreakRange - Int64(runLength), using: &generator) }
            .sorted()
        return (0..<count).map { places[$0 / runLength] + Int64($0 % runLength) }
    }

    let pool: CandidatePool
    let connection: Connection
    /// Whether an image may not be picked, for reasons outside the sampler.
    let isUnavailable: (Int64) -> Bool
    var generator: SeededGenerator
    /// What was picked so far, and is not picked again.
    private(set) var picked: Set<Int64> = []

    init(
        pool: CandidatePool,
        connection: Connection,
        generator: SeededGenerator,
        isUnavailable: @escaping (Int64) -> Bool
    ) {
        self.pool = pool
        self.connection = connection
        self.generator = generator
        self.isUnavailable = isUnavailable
    }

    /// Uniformly random images of the pool.
    mutating func pickUniformly(limit: Int) throws -> [Pick] { try pick(among: nil, limit: limit) }

    /// Images in the order of a walk; those of one distance in random order.
    mutating func pick(_ direction: ConfidenceWalk.Direction, limit: Int) throws -> [Pick] {
        var walk = try ConfidenceWalk(direction, pool, connection)
        return try pick(&walk, limit: limit)
    }

    /// The next images of a walk.
    mutating func pick(_ walk: inout ConfidenceWalk, limit: Int) throws -> [Pick] {
        var picks: [Pick] = []
        while picks.count < limit {
            let confidences = try walk.next()
            if confidences.isEmpty { break }
            picks += try pick(among: confidences, limit: limit - picks.count)
        }
        return picks
    }

    /// Makes picks available again.
    mutating func putBack(_ picks: [Pick]) { picked.subtract(picks.map(\.id)) }

    // MARK: Uniform picks

    /// Picks uniformly among the images of some confidences, or among all.
    ///
    /// Tiebreaks are cut into windows of about a quarter of the capacity. A random window is accepted with probability
    /// rows / capacity, then a row in it is taken: so every row has the same chance, unlike "probe a point and take the
    /// next row", where a row's chance is the gap before it.
    private mutating func pick(among confidences: [Double]?, limit: Int) throws -> [Pick] {
        let groups: [Double?] = confidences ?? [nil]
        let heads = try groups.map { try rows($0, from: 0, to: Self.tiebreakRange, limit: Self.headRows) }
        if heads.reduce(0, { $0 + $1.count }) <= Self.windowCapacity {
            return take(heads.flatMap(\.self), limit: limit)
        }
        // The first rows tell how densely tiebreaks lie.
        let last = heads.filter { $0.count == Self.headRows }.compactMap(\.last?.tiebreak).min()
        var window = max(1, (last ?? Self.tiebreakRange) / Int64(4 * Self.headRows / Self.windowCapacity))
        let count = heads.reduce(0) { $0 + Self.estimatedCount(of: $1) }
        let propensity = min(1, Double(limit) / count)
        let maximumTries = count < Self.fewRows ? Self.triesAmongFew : Self.maximumTries
        var picks: [Pick] = []
        var tries = 0
        while picks.count < limit {
            tries += 1
            // Nearly everything is taken, or the tiebreaks are not uniform: look at all once instead of guessing on.
            if tries > maximumTries {
                let rest = try groups.flatMap { try rows($0, from: 0, to: Self.tiebreakRange, limit: nil) }
                return picks + take(rest, limit: limit - picks.count)
            }
            let group = groups[Int.random(in: 0..<groups.count, using: &generator)]
            let start = Int64.random(in: 0...(Self.tiebreakRange / window), using: &generator) * window
            let found = try rows(group, from: start, to: start + window, limit: Self.windowCapacity + 1)
            if found.count > Self.windowCapacity {
                // Denser than guessed: smaller windows, and what was picked so far stays uniform among equals.
                window = max(1, window / 2)
                continue
            }
            let place = Int.random(in: 0..<Self.windowCapacity, using: &generator)
            if place < found.count, !isUnavailable(found[place].id), picked.insert(found[place].id).inserted {
                picks.append(Pick(id: found[place].id, propensity: propensity))
                tries = 0
            }
        }
        return picks
    }

    private mutating func take(_ rows: [(id: Int64, tiebreak: Int64)], limit: Int) -> [Pick] {
        let free = rows.map(\.id).filter { !picked.contains($0) && !isUnavailable($0) }
        let chosen = free.shuffled(using: &generator).prefix(limit)
        picked.formUnion(chosen)
        return chosen.map { Pick(id: $0, propensity: Double(chosen.count) / Double(free.count)) }
    }

    /// How many rows a group has, exactly for a small one: from the place of the k-th of them ((k − 1) / place, without bias).
    private static func estimatedCount(of head: [(id: Int64, tiebreak: Int64)]) -> Double {
        guard head.count == headRows, let last = head.last else { return Double(head.count) }
        return Double(head.count - 1) * Double(tiebreakRange) / Double(max(1, last.tiebreak))
    }

    private func rows(
        _ confidence: Double?,
        from: Int64,
        to: Int64,
        limit: Int?
    ) throws -> [(id: Int64, tiebreak: Int64)] {
        let bounds: [any SQLConvertible] = [from, min(to, Self.tiebreakRange), limit ?? -1]
        return try connection.rows(
            Self.query(pool, ofOneConfidence: confidence != nil),
            (confidence.map { [$0] } ?? []) + bounds
        ) { ($0.integer(0), $0.integer(1)) }
    }

    static func query(_ pool: CandidatePool, ofOneConfidence: Bool) -> String {
        let index = ofOneConfidence ? "confidence" : "tiebreak"
        let confidence = ofOneConfidence ? "AND \(pool.confidence) = ? " : ""
        return """
            SELECT id, tiebreak FROM labels INDEXED BY \(pool.name)_\(index)
            WHERE \(pool.condition) \(confidence)AND tiebreak >= ? AND tiebreak < ? ORDER BY tiebreak LIMIT ?
            """
    }
}
