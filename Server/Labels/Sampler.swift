/// Picks images from a pool by its indexes: no scan and no sort of the table, however large it is.
struct Sampler {
    /// Which images come first.
    enum Branch: Equatable {
        case random
        /// Nearest to undecided.
        case uncertain
        /// Farthest from undecided.
        case confident
    }

    /// Tiebreaks are uniform in 0 ..< this.
    static let tiebreakRange: Int64 = 1 << 62
    /// No window of the size aimed at has more rows than this.
    private static let windowCapacity = 96
    /// Windows looked at for one pick; three are enough on average.
    private static let maximumTries = 1000

    let pool: CandidatePool
    let connection: Connection
    /// Images that may not be picked; grows with each pick.
    var excluded: Set<Int64>
    var generator: SeededGenerator

    /// At most `limit` images of a branch, in its order.
    mutating func pick(_ branch: Branch, limit: Int) throws -> [Int64] {
        if branch == .random { return try pickUniformly(group: nil, limit: limit) }
        var picked: [Int64] = []
        var last: Double?
        while picked.count < limit, let certainty = try nextCertainty(after: last, branch) {
            picked += try pickUniformly(group: certainty, limit: limit - picked.count)
            last = certainty
        }
        return picked
    }

    private func nextCertainty(after last: Double?, _ branch: Branch) throws -> Double? {
        let (comparison, order) = branch == .uncertain ? (">", "ASC") : ("<", "DESC")
        let bound = last ?? (branch == .uncertain ? -1 : 2)
        return try connection.first(
            """
            SELECT \(pool.certainty) FROM labels INDEXED BY \(pool.index)_certainty
            WHERE \(pool.condition) AND \(pool.certainty) \(comparison) ? ORDER BY \(pool.certainty) \(order) LIMIT 1
            """,
            bound
        ) { $0.double(0) }
    }

    /// Picks uniformly among the images of one certainty, or among all.
    ///
    /// Tiebreaks are cut into windows of about a third of the capacity. A random window is accepted with probability
    /// rows / capacity, then a row in it is taken: so every row has the same chance, unlike "probe a point and take the
    /// next row", where a row's chance is the gap before it.
    private mutating func pickUniformly(group: Double?, limit: Int) throws -> [Int64] {
        let head = try ids(group, from: 0, to: Self.tiebreakRange, limit: Self.windowCapacity + 1)
        var picked: [Int64] = []
        if head.count <= Self.windowCapacity {
            picked = Array(head.map(\.id).filter { !excluded.contains($0) }.shuffled(using: &generator).prefix(limit))
            excluded.formUnion(picked)
            return picked
        }
        // The first rows tell how densely tiebreaks lie.
        var window = max(1, (head.last?.tiebreak ?? 0) / 3)
        var tries = 0
        while picked.count < limit {
            tries += 1
            // Nearly everything is excluded, or the tiebreaks are not uniform: look at all once instead of guessing on.
            if tries > Self.maximumTries {
                return picked + (try pickFromRest(group: group, limit: limit - picked.count))
            }
            let start = Int64.random(in: 0...(Self.tiebreakRange / window), using: &generator) * window
            let rows = try ids(group, from: start, to: start + window, limit: Self.windowCapacity + 1)
            if rows.count > Self.windowCapacity {
                // Denser than guessed: smaller windows, and what was picked so far stays uniform among equals.
                window = max(1, window / 2)
                continue
            }
            let place = Int.random(in: 0..<Self.windowCapacity, using: &generator)
            if place < rows.count, excluded.insert(rows[place].id).inserted {
                picked.append(rows[place].id)
                tries = 0
            }
        }
        return picked
    }

    private mutating func pickFromRest(group: Double?, limit: Int) throws -> [Int64] {
        let rest = try ids(group, from: 0, to: Self.tiebreakRange, limit: nil).map(\.id).filter {
            !excluded.contains($0)
        }
        let picked = Array(rest.shuffled(using: &generator).prefix(limit))
        excluded.formUnion(picked)
        return picked
    }

    private func ids(
        _ group: Double?,
        from: Int64,
        to: Int64,
        limit: Int?
    ) throws -> [(id: Int64, tiebreak: Int64)] {
        let bounds: [any SQLConvertible] = [from, min(to, Self.tiebreakRange), limit ?? -1]
        guard let group else {
            return try connection.rows(
                """
                SELECT id, tiebreak FROM labels INDEXED BY \(pool.index)_tiebreak
                WHERE \(pool.condition) AND tiebreak >= ? AND tiebreak < ? ORDER BY tiebreak LIMIT ?
                """,
                bounds
            ) { ($0.integer(0), $0.integer(1)) }
        }
        return try connection.rows(
            """
            SELECT id, tiebreak FROM labels INDEXED BY \(pool.index)_certainty
            WHERE \(pool.condition) AND \(pool.certainty) = ? AND tiebreak >= ? AND tiebreak < ?
            ORDER BY tiebreak LIMIT ?
            """,
            [group] + bounds
        ) { ($0.integer(0), $0.integer(1)) }
    }
}
