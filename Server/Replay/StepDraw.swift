import Wire

/// Draws steps, or sequences of consecutive ones, each with the same probability.
struct StepDraw {
    /// Tries by chance for n steps, where many steps do not have the arrays that are wanted: then those that have them are
    /// listed.
    private static func tries(for n: Int) -> Int { 1000 + 20 * n }

    private let parameters: StepsSample
    private let length: Int
    private var generator: SeededGenerator

    init(_ parameters: StepsSample) {
        self.parameters = parameters
        length = parameters.sequenceLength ?? 1
        let seed = parameters.seed.map { UInt64(bitPattern: $0) } ?? UInt64.random(in: 0 ... .max)
        generator = SeededGenerator(seed: seed)
    }

    /// Where steps can begin, numbered: those of the first place, then those of the next.
    private struct Place {
        let id: String
        let first: Int
        let count: Int
    }

    mutating func steps(_ connection: Connection) throws -> [StoredStep] {
        let byEpisode =
            parameters.sequenceLength != nil || parameters.episodeIDs != nil || parameters.minTotalReward != nil
            || parameters.maxTotalReward != nil
        let places = byEpisode ? try episodes(connection) : try runs(connection)
        let total = places.last.map { $0.first + $0.count } ?? 0
        guard total > 0 else { throw WireError.notFound("there is no step to draw: no run or episode fits") }
        let isDistinct = !(parameters.replacement ?? true)
        if isDistinct, total <= Self.fewSteps(for: parameters.n) { return try drawListed(connection) }
        var drawn: [StoredStep] = []
        drawn.reserveCapacity(parameters.n * length)
        var seen: Set<String> = []
        var tries = 0
        while drawn.count < parameters.n * length, tries < Self.tries(for: parameters.n) {
            tries += 1
            let number = Int.random(in: 0..<total, using: &generator)
            let (place, offset) = Self.place(of: number, in: places)
            let steps: [StoredStep]
            if byEpisode {
                steps = try sequence(place.id, from: offset, connection)
            } else {
                // Which run is decided; any of its steps stands for it.
                steps = try step(ofRun: place.id, connection)
            }
            guard let first = steps.first else { continue }
            if isDistinct, !seen.insert("\(first.stepIndex)/\(first.episodeID)").inserted { continue }
            drawn += steps
        }
        return drawn.count == parameters.n * length ? drawn : try drawListed(connection)
    }

    /// Up to so many steps are listed where each may come once: so few are found by chance too rarely.
    private static func fewSteps(for n: Int) -> Int { 4 * n }

    // MARK: Listed steps

    /// Draws from the list of all steps that can be drawn, however few of all steps they are.
    private mutating func drawListed(_ connection: Connection) throws -> [StoredStep] {
        let listed = try firstSteps(connection)
        let isDistinct = !(parameters.replacement ?? true)
        if listed.count >= (isDistinct ? parameters.n : 1) {
            return try choose(from: listed, isDistinct: isDistinct).flatMap { try steps(from: $0, connection) }
        }
        let what = length == 1 ? "steps" : "sequences of \(length) consecutive steps"
        let having = wanted.isEmpty ? "" : " and have the arrays"
        throw WireError.notFound("only \(listed.count) of \(parameters.n) could be drawn: no more \(what) fit\(having)")
    }

    private mutating func choose(from listed: [Int64], isDistinct: Bool) -> [Int64] {
        if isDistinct { return Array(listed.shuffled(using: &generator).prefix(parameters.n)) }
        return (0..<parameters.n).map { _ in listed[Int.random(in: listed.indices, using: &generator)] }
    }

    /// The row ids of all steps that can be drawn, or that begin a sequence that can.
    private func firstSteps(_ connection: Connection) throws -> [Int64] {
        let (conditions, arguments) = episodeConditions
        let episodes = "SELECT episode_id FROM episodes WHERE \(conditions.joined(separator: " AND "))"
        let filter = (["episode_id IN (\(episodes))"] + wanted.map { "\($0) IS NOT NULL" }).joined(separator: " AND ")
        let sql =
            length == 1
            ? "SELECT rowid FROM steps WHERE \(filter) ORDER BY rowid"
            : """
            SELECT id FROM (
                SELECT rowid AS id, step_index,
                lead(step_index, \(length - 1)) OVER (PARTITION BY episode_id ORDER BY step_index) AS last
                FROM steps WHERE \(filter)
            ) WHERE last - step_index = \(length - 1) ORDER BY id
            """
        return try connection.rows(sql, arguments) { $0.integer(0) }
    }

    /// The step of a row and those that follow it.
    private func steps(from rowID: Int64, _ connection: Connection) throws -> [StoredStep] {
        try connection.rows(
            """
            SELECT \(Replay.stepColumns) FROM steps WHERE episode_id = (SELECT episode_id FROM steps WHERE rowid = ?1)
            AND step_index >= (SELECT step_index FROM steps WHERE rowid = ?1) ORDER BY step_index LIMIT ?2
            """,
            [rowID, length]
        ) { try Replay.step($0) }
    }

    /// The columns of steps that are not null where a step has the arrays that are asked for.
    private var wanted: [String] {
        let arrays = Set(parameters.arrays ?? [])
        return (arrays.contains(.frame) ? ["frame_ref"] : []) + (arrays.contains(.observation) ? ["obs_ref"] : [])
    }

    // MARK: Places

    /// The last place that begins at or before a number.
    private static func place(of number: Int, in places: [Place]) -> (Place, offset: Int) {
        var (low, high) = (0, places.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if places[middle].first <= number { low = middle } else { high = middle }
        }
        return (places[low], number - places[low].first)
    }

    private func runs(_ connection: Connection) throws -> [Place] {
        let list = parameters.runIDs.map { ids in
            "AND run_id IN (\([String](repeating: "?", count: ids.count).joined(separator: ", ")))"
        }
        let rows = try connection.rows(
            """
            SELECT run_id, next_row FROM runs
            WHERE deleted_at IS NULL AND next_row > 0 \(list ?? "") ORDER BY run_id
            """,
            parameters.runIDs ?? []
        ) { ($0.string(0), $0.int(1)) }
        return Self.numbered(rows)
    }

    private func episodes(_ connection: Connection) throws -> [Place] {
        let (conditions, arguments) = episodeConditions
        let rows = try connection.rows(
            "SELECT episode_id, steps FROM episodes WHERE \(conditions.joined(separator: " AND ")) ORDER BY episode_id",
            arguments
        ) { ($0.string(0), $0.int(1) - length + 1) }
        return Self.numbered(rows)
    }

    /// Which episodes are drawn from, in SQL.
    private var episodeConditions: ([String], [any SQLConvertible]) {
        var conditions = ["steps >= ?"]
        var arguments: [any SQLConvertible] = [length]
        func add(_ column: String, _ values: [String]?) {
            guard let values else { return }
            conditions.append("\(column) IN (\([String](repeating: "?", count: values.count).joined(separator: ", ")))")
            arguments += values
        }
        add("run_id", parameters.runIDs)
        add("episode_id", parameters.episodeIDs)
        if let least = parameters.minTotalReward {
            conditions.append("total_reward >= ?")
            arguments.append(least)
        }
        if let most = parameters.maxTotalReward {
            conditions.append("total_reward <= ?")
            arguments.append(most)
        }
        return (conditions, arguments)
    }

    private static func numbered(_ counts: [(String, Int)]) -> [Place] {
        var first = 0
        return counts.map { id, count in
            defer { first += count }
            return Place(id: id, first: first, count: count)
        }
    }

    // MARK: Steps

    /// A step of a run: an episode by chance, taken as often as it is long against the longest, and one of its steps.
    private mutating func step(ofRun runID: String, _ connection: Connection) throws -> [StoredStep] {
        let bounds = try connection.first(
            "SELECT (SELECT max(steps) FROM episodes WHERE run_id = ?1), next_episode FROM runs WHERE run_id = ?1",
            runID
        ) { (longest: $0.int(0), episodes: $0.int(1)) }
        guard let bounds, bounds.longest > 0, bounds.episodes > 0 else { return [] }
        while true {
            let episode = try connection.first(
                "SELECT episode_id, steps FROM episodes WHERE run_id = ? AND episode_index = ?",
                runID,
                Int.random(in: 0..<bounds.episodes, using: &generator)
            ) { (id: $0.string(0), steps: $0.int(1)) }
            guard let episode else { return [] }
            let offset = Int.random(in: 0..<bounds.longest, using: &generator)
            if offset < episode.steps { return try sequence(episode.id, from: offset, connection) }
        }
    }

    /// Consecutive steps of an episode; none if a number is left out between them, or one of them lacks an array.
    private func sequence(_ episodeID: String, from offset: Int, _ connection: Connection) throws -> [StoredStep] {
        // Almost all episodes count from 0 without gaps: then a step is found by its number instead of by counting.
        let isPlain = try connection.first(
            """
            SELECT (SELECT min(step_index) FROM steps WHERE episode_id = ?1) = 0
            AND (SELECT max(step_index) FROM steps WHERE episode_id = ?1) = steps - 1
            FROM episodes WHERE episode_id = ?1
            """,
            episodeID
        ) { $0.bool(0) }
        let place =
            isPlain ?? false
            ? "AND step_index >= ?3 ORDER BY step_index LIMIT ?2" : "ORDER BY step_index LIMIT ?2 OFFSET ?3"
        let steps = try connection.rows(
            "SELECT \(Replay.stepColumns) FROM steps WHERE episode_id = ?1 \(place)",
            [episodeID, length, offset]
        ) { try Replay.step($0) }
        let wanted = Set(parameters.arrays ?? [])
        let isWhole = steps.allSatisfy { step in
            (!wanted.contains(.frame) || step.frameRef != nil) && (!wanted.contains(.observation) || step.obsRef != nil)
        }
        guard let first = steps.first, let last = steps.last, steps.count == length, isWhole else { return [] }
        return last.stepIndex - first.stepIndex == Int64(length - 1) ? steps : []
    }
}
