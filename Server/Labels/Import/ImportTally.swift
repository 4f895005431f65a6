import Wire

/// What an import changes, by kinds of change and by study: the counts that triggers keep row by row, in sums.
struct ImportTally {
    /// What the counters see of an image.
    struct Facts: Hashable {
        var labels: [Int?]
        var outcome: String?
        var isSkipped = false
        var split: String?
    }

    struct Change: Hashable {
        /// nil: the image is new.
        let before: Facts?
        let after: Facts
    }

    /// A change that several images undergo.
    private struct Kind {
        let change: Change
        var times = 0
        /// What events record of it.
        var state: LabelEventBlock.State?
    }

    private struct StudyCounts {
        var test = 0
        var other = 0
        var train = 0
        var val = 0

        mutating func add(_ more: Self) {
            test += more.test
            other += more.other
            train += more.train
            val += more.val
        }
    }

    private let settings: LabelSettings
    private let time: String
    private var kinds: [Kind] = []
    private var numbers: [Change: Int] = [:]
    private var studies: [[UInt8]: StudyCounts] = [:]

    /// - Parameter time: As the tables have it.
    init(_ settings: LabelSettings, time: String) {
        self.settings = settings
        self.time = time
    }

    /// Counts an image that changes, and gives the number of its kind of change.
    mutating func count(_ change: Change) -> Int {
        let number = numbers[change] ?? kinds.count
        if number == kinds.count {
            kinds.append(Kind(change: change))
            numbers[change] = number
        }
        kinds[number].times += 1
        return number
    }

    mutating func count(_ split: String?, in studyID: String, isNew: Bool) {
        let isTest = split == "test"
        let added = StudyCounts(
            test: isNew && isTest ? 1 : 0,
            other: isNew && !isTest ? 1 : 0,
            train: split == "train" ? 1 : 0,
            val: split == "val" ? 1 : 0
        )
        studies[Array(studyID.utf8), default: StudyCounts()].add(added)
    }

    /// What events record of a kind of change.
    mutating func state(of kind: Int) throws -> LabelEventBlock.State {
        if let known = kinds[kind].state { return known }
        let change = kinds[kind].change
        let names = settings.labels.map(\.name)
        let labels = Dictionary(uniqueKeysWithValues: zip(names, change.after.labels))
        let before = ImageState(
            labels: labels.mapValues { _ in nil },
            outcome: change.before?.outcome.flatMap(LabelsSet.Outcome.init),
            isSkipped: change.before?.isSkipped ?? false
        )
        let after = ImageState(
            labels: labels,
            isSkipped: false,
            labeledAt: time,
            opinions: labels.compactMapValues { $0 }
        )
        let state = LabelEventBlock.State(
            number: kind,
            before: try LabelEvents.text(before),
            after: try LabelEvents.text(after)
        )
        kinds[kind].state = state
        return state
    }

    /// Brings all counts up to what was counted.
    func write(_ connection: Connection) throws {
        for kind in kinds { try count(kind.change, kind.times, connection) }
        for (studyID, counts) in studies {
            let name = String(decoding: studyID, as: UTF8.self)
            // An update, because a study that comes to straddle is noticed by the trigger on updates.
            try connection.execute("INSERT OR IGNORE INTO label_studies (study_id) VALUES (?)", name)
            try connection.execute(
                """
                UPDATE label_studies SET test = test + ?2, other = other + ?3, train = train + ?4, val = val + ?5
                WHERE study_id = ?1
                """,
                name,
                counts.test,
                counts.other,
                counts.train,
                counts.val
            )
        }
    }

    private func count(_ change: Change, _ times: Int, _ connection: Connection) throws {
        if change.before == nil { try LabelCounters.add(times, to: "total", connection) }
        if change.before?.split != change.after.split || change.before == nil {
            if let before = change.before {
                try LabelCounters.add(-times, to: LabelCounters.name(ofSplit: before.split), connection)
            }
            try LabelCounters.add(times, to: LabelCounters.name(ofSplit: change.after.split), connection)
        }
        let counters = LabelCounters.judged(settings)
        let after = try memberships(change.after, counters, connection)
        let before = try change.before.map { try memberships($0, counters, connection) } ?? counters.map { _ in 0 }
        for (counter, (before, after)) in zip(counters, zip(before, after)) {
            try LabelCounters.add((after - before) * times, to: counter.name, connection)
        }
    }

    /// For each counter 1 if it counts an image, else 0.
    private func memberships(
        _ facts: Facts,
        _ counters: [LabelCounters.Counter],
        _ connection: Connection
    ) throws -> [Int] {
        let labels = settings.labels.enumerated().map { "?\($0 + 4) AS has_\($1.name)" }
        let sql = """
            SELECT \(counters.map { $0.condition(of: "image") }.joined(separator: ", "))
            FROM (SELECT ?1 AS outcome, ?2 AS skipped_at, ?3 AS split, \(labels.joined(separator: ", "))) AS image
            """
        let head: [any SQLConvertible] = [facts.outcome, facts.isSkipped ? time : nil, facts.split]
        return try connection.rows(sql, head + facts.labels.map { $0 as any SQLConvertible }) { row in
            counters.indices.map { row.int(Int32($0)) }
        }[0]
    }
}
