/// How `labels.next` chooses images.
enum Strategy: String, CaseIterable, Sendable {
    /// One roll per request: 10 % random, 45 % uncertain, 45 % confident.
    case mixed
    /// Nearest to undecided first.
    case uncertain
    /// Uniformly at random.
    case random
    /// Predicted positives, the surest first: finds the members of a rare class.
    case hunt
    /// The surest of both sides in turn, spread over studies: finds what the model is wrong about.
    case surprise
    /// Random images, few of a study and no near-duplicates.
    case diverse
    /// A roll per image: 10 % random, 50 % uncertain around the running threshold, 25 % hunt, 10 % surprise, 5 % re-check.
    case balanced
    /// Images that one other annotator has labeled, for a second opinion.
    case double

    /// Whether images are chosen with regard to others.
    var isSpread: Bool { self == .surprise || self == .diverse || self == .balanced }
}

/// An image that a strategy chose.
struct Choice: Sendable {
    /// The part of a strategy that chose it.
    enum Branch: String, Sendable {
        case random
        case uncertain
        case confident
        case hunt
        case surprise
        case diverse
        case recheck
        case double
    }

    let id: Int64
    let branch: Branch
    /// How likely the branch was rolled and, within it, this image picked; nil where that is not known.
    let propensity: Double?

    /// Whether the image has the label, and a second opinion is asked for.
    var isSecondOpinion: Bool { branch == .recheck || branch == .double }
}

/// Carries out strategies on one state of the database.
struct Chooser {
    /// The share of picks nearest to undecided (the reference mix is 10 % random, 45 % uncertain, 45 % confident).
    private static let uncertainRate = 0.45
    /// The most images of one study among the answers of `diverse`.
    private static let mostPerStudy = 2
    /// How many candidates are looked at for each that a spreading strategy gives.
    private static let candidatesPerPick = 8
    private static let leastCandidates = 64

    let settings: LabelSettings
    let label: LabelSettings.Label
    let annotator: String
    let poolSize: Int
    /// What is in front of the annotator already, of which spreading strategies keep away.
    let shown: [Int64]
    var sampler: Sampler

    mutating func choose(_ strategy: Strategy, limit: Int, explorationRate: Double) throws -> [Choice] {
        switch strategy {
        case .mixed: try mixed(limit, explorationRate)
        case .uncertain: try choose(.uncertain, limit)
        case .random: try choose(.random, limit)
        case .hunt: try choose(.hunt, limit)
        case .surprise: try choose(.surprise, limit)
        case .diverse: try diverse(limit)
        case .balanced: try balanced(limit)
        case .double: try secondOpinions(.double, limit)
        }
    }

    private mutating func mixed(_ limit: Int, _ explorationRate: Double) throws -> [Choice] {
        let roll = Double.random(in: 0..<1, using: &sampler.generator)
        let uncertainEnd = explorationRate + Self.uncertainRate
        let (branch, share): (Choice.Branch, Double) =
            roll < explorationRate
            ? (.random, explorationRate)
            : roll < uncertainEnd
                ? (.uncertain, min(1, uncertainEnd) - explorationRate) : (.confident, 1 - min(1, uncertainEnd))
        return try choose(branch, limit, share: share)
    }

    private mutating func balanced(_ limit: Int) throws -> [Choice] {
        let shares: [(branch: Choice.Branch, share: Double)] = [
            (.random, 0.10), (.uncertain, 0.50), (.hunt, 0.25), (.surprise, 0.10), (.recheck, 0.05),
        ]
        var counts: [Int] = shares.map { _ in 0 }
        for _ in 0..<limit {
            var roll = Double.random(in: 0..<1, using: &sampler.generator)
            let branch = shares.firstIndex { _, share in
                roll -= share
                return roll < 0
            }
            counts[branch ?? 0] += 1
        }
        var choices: [Choice] = []
        for ((branch, share), count) in zip(shares, counts) where count > 0 {
            choices += try choose(branch, count, share: share, threshold: runningThreshold())
        }
        // A branch that has run out leaves its places to the rest of the pool.
        if choices.count < limit { choices += try choose(.random, limit - choices.count) }
        return choices.shuffled(using: &sampler.generator)
    }

    private mutating func choose(
        _ branch: Choice.Branch,
        _ limit: Int,
        share: Double = 1,
        threshold: Double = 0.5
    ) throws -> [Choice] {
        let picks =
            switch branch {
            case .random: try uniform(limit)
            case .uncertain: try sampler.pick(.outward(from: threshold), limit: limit)
            case .confident: try sampler.pick(.inward, limit: limit)
            case .hunt: try sampler.pick(.descending, limit: limit)
            case .surprise: try surprise(limit)
            case .diverse, .recheck, .double: [Sampler.Pick]()
            }
        if branch == .recheck { return try recheck(limit, share: share) }
        return picks.map { Choice(id: $0.id, branch: branch, propensity: $0.propensity.map { $0 * share }) }
    }

    private mutating func uniform(_ limit: Int) throws -> [Sampler.Pick] {
        let chance = min(1, Double(limit) / Double(max(1, poolSize)))
        return try sampler.pickUniformly(limit: limit).map { Sampler.Pick(id: $0.id, propensity: chance) }
    }

    // MARK: Spread

    /// The surest of both sides in turn, one of a study as long as there are others.
    private mutating func surprise(_ limit: Int) throws -> [Sampler.Pick] {
        let wanted = candidateCount(limit) / 2
        let high = try sampler.pick(.descending, limit: wanted)
        let low = try sampler.pick(.ascending, limit: wanted)
        var candidates: [Sampler.Pick] = []
        // Of one image at a time, too, each side has its half.
        let sides = Bool.random(using: &sampler.generator) ? [high, low] : [low, high]
        for index in 0..<max(high.count, low.count) {
            candidates += sides.compactMap { index < $0.count ? $0[index] : nil }
        }
        let connection = sampler.connection
        var studies = Set(try shown.compactMap { try Looks.read($0, connection).study })
        return try keep(limit, of: candidates) { pick in
            guard let study = try Looks.read(pick.id, connection).study else { return true }
            return studies.insert(study).inserted
        }
    }

    /// Random images, at most two of a study, none nearly the same as one that is labeled or chosen already.
    private mutating func diverse(_ limit: Int) throws -> [Choice] {
        let candidates = try sampler.pickUniformly(limit: candidateCount(limit))
        let connection = sampler.connection
        let looks = try shown.map { try Looks.read($0, connection) }
        var perStudy = Dictionary(looks.compactMap(\.study).map { ($0, 1) }, uniquingKeysWith: +)
        var chosen = looks.compactMap(\.hash)
        let kept = try keep(limit, of: candidates) { pick in
            let looks = try Looks.read(pick.id, connection)
            if let study = looks.study, perStudy[study, default: 0] >= Self.mostPerStudy { return false }
            if let hash = looks.hash {
                guard !chosen.contains(where: { $0.isNearDuplicate(of: hash) }),
                    try !PerceptualHash.isLabeled(near: hash, connection)
                else { return false }
                chosen.append(hash)
            }
            if let study = looks.study { perStudy[study, default: 0] += 1 }
            return true
        }
        return kept.map { Choice(id: $0.id, branch: .diverse, propensity: nil) }
    }

    private func candidateCount(_ limit: Int) -> Int { max(Self.leastCandidates, limit * Self.candidatesPerPick) }

    /// The first candidates that pass, then, if they are too few, the others in their order.
    private mutating func keep(
        _ limit: Int,
        of candidates: [Sampler.Pick],
        where passes: (Sampler.Pick) throws -> Bool
    ) rethrows -> [Sampler.Pick] {
        var kept: [Sampler.Pick] = []
        var others: [Sampler.Pick] = []
        for candidate in candidates {
            if kept.count < limit, try passes(candidate) { kept.append(candidate) } else { others.append(candidate) }
        }
        let missing = limit - kept.count
        kept += others.prefix(missing)
        sampler.putBack(Array(others.dropFirst(missing)))
        return kept
    }

    // MARK: Second opinions

    /// Labeled images whose label is in doubt, the likeliest errors first, then random ones.
    private mutating func recheck(_ limit: Int, share: Double) throws -> [Choice] {
        let unavailable = sampler.isUnavailable
        let doubtful = try LabelIssues.ids(label, limit: limit + 64, sampler.connection)
            .filter { !unavailable($0) }.prefix(limit)
        let choices = doubtful.map { Choice(id: $0, branch: .recheck, propensity: share) }
        if choices.count == limit { return choices }
        let known = Set(doubtful)
        var again = Sampler(
            pool: .labeled(label),
            connection: sampler.connection,
            generator: sampler.generator
        ) { known.contains($0) || unavailable($0) }
        let rest = try again.pickUniformly(limit: limit - choices.count)
        sampler.generator = again.generator
        return choices + rest.map { Choice(id: $0.id, branch: .recheck, propensity: $0.propensity.map { $0 * share }) }
    }

    private mutating func secondOpinions(_ branch: Choice.Branch, _ limit: Int) throws -> [Choice] {
        let connection = sampler.connection
        let label = label.name
        let annotator = annotator
        var again = Sampler(
            pool: .labeled(self.label),
            connection: connection,
            generator: sampler.generator,
            isUnavailable: sampler.isUnavailable
        )
        let candidates = try again.pickUniformly(limit: candidateCount(limit))
        sampler.generator = again.generator
        var choices = try candidates.filter { try Opinions.wantsSecond($0.id, label, from: annotator, connection) }
            .prefix(limit).map { Choice(id: $0.id, branch: branch, propensity: nil) }
        if choices.count < limit {
            // Most have two opinions by now: the others are found in their order.
            let known = Set(choices.map(\.id))
            let rest = try Opinions.single(label, notBy: annotator, limit: candidateCount(limit), connection)
            choices += rest.filter { !known.contains($0) && !sampler.isUnavailable($0) }
                .prefix(limit - choices.count).map { Choice(id: $0, branch: branch, propensity: nil) }
        }
        return choices
    }

    /// The confidence that best separates yes from no, by what out-of-sample scores say of labeled images.
    private func runningThreshold() throws -> Double {
        try ScoreBins.read(label.name, sampler.connection).bestThreshold ?? 0.5
    }
}

/// What spreading strategies look at.
private struct Looks {
    let study: String?
    let hash: PerceptualHash?

    static func read(_ id: Int64, _ connection: Connection) throws -> Looks {
        let looks = try connection.first("SELECT study_id, phash FROM labels WHERE id = ? AND split IS NOT 'test'", id)
        {
            Looks(study: $0.optionalString(0), hash: $0.optionalInteger(1).map(PerceptualHash.init))
        }
        return looks ?? Looks(study: nil, hash: nil)
    }
}
