/// One metric of a run's training, gathered from its rows in the order of rounds and epochs.
final class TrainingMetric {
    /// The values of one round and phase.
    struct RoundGroup {
        let round: Int64?
        let phase: String
        let spread: Spread
    }

    /// The values of one epoch by phase.
    struct EpochGroup {
        let round: Int64?
        let epoch: Int64
        let phases: [String: Spread]
    }

    private static let mostPhases = 5
    private static let otherPhases = "others"

    let id: String?
    private(set) var all = Spread()
    private(set) var rounds = Thinned<RoundGroup>(limit: 24)
    private(set) var epochs: Thinned<EpochGroup>
    private var phases: [String] = []
    private var place: (round: Int64?, epoch: Int64?)?
    private var ofRound: [String: Spread] = [:]
    private var ofEpoch: [String: Spread] = [:]

    init(_ id: String?) {
        self.id = id
        epochs = Thinned(limit: Self.isLoss(id) ? 40 : 12)
    }

    var name: String { id.map { Human.text($0, limit: 28) } ?? Human.nothing }
    var isLoss: Bool { Self.isLoss(id) }
    var hasDetail: Bool { rounds.count > 1 || epochs.count > 1 }

    private static func isLoss(_ id: String?) -> Bool { id?.lowercased().contains("loss") == true }

    /// - Parameter row: name, round, epoch, phase, timestamp, value, whether it is finite, what it is if not.
    func add(_ row: Row) {
        let (round, epoch) = (row.optionalInteger(1), row.optionalInteger(2))
        if let place, place.round != round {
            close()
        } else if let place, place.epoch != epoch {
            closeEpoch()
        }
        place = (round, epoch)
        let phase = phaseName(row.optionalString(3))
        if row.bool(6) {
            let (value, time) = (row.double(5), row.double(4))
            all.add(value, at: time)
            ofRound[phase, default: Spread()].add(value, at: time)
            if epoch != nil { ofEpoch[phase, default: Spread()].add(value, at: time) }
        } else {
            let kind = Human.text(row.optionalString(7) ?? "NULL", limit: 12)
            all.add(nonFinite: kind)
            ofRound[phase, default: Spread()].add(nonFinite: kind)
        }
    }

    /// Says that all rows of the round have been added.
    func close() {
        closeEpoch()
        for phase in phases {
            guard let spread = ofRound[phase] else { continue }
            rounds.append(RoundGroup(round: place?.round, phase: phase, spread: spread))
        }
        ofRound = [:]
    }

    private func closeEpoch() {
        if let epoch = place?.epoch, !ofEpoch.isEmpty {
            epochs.append(EpochGroup(round: place?.round, epoch: epoch, phases: ofEpoch))
        }
        ofEpoch = [:]
    }

    private func phaseName(_ phase: String?) -> String {
        let name = phase.map { Human.text($0, limit: 12) } ?? Human.nothing
        if phases.contains(name) { return name }
        guard phases.count < Self.mostPhases else {
            if phases.last != Self.otherPhases { phases.append(Self.otherPhases) }
            return Self.otherPhases
        }
        phases.append(name)
        return name
    }

    /// First, last, least, greatest, mean, and what was not finite.
    static func numbers(_ spread: Spread) -> [String] {
        [spread.first, spread.last, spread.minimum, spread.maximum, spread.average].map(Human.number)
            + [spread.nonFiniteCount == 0 ? Human.nothing : Human.count(spread.nonFiniteCount)]
    }

    /// Tables by round and phase, and by epoch.
    var detail: [String] {
        var lines: [String] = []
        if rounds.count > 1 {
            var table = TextTable([
                .number("round"), .text("phase"), .number("values"), .number("first"), .number("last"), .number("min"),
                .number("max"), .number("mean"), .number("non-finite"),
            ])
            for group in rounds.elements {
                let round = group.round.map(String.init) ?? Human.nothing
                table.add([round, group.phase, Human.count(group.spread.count)] + Self.numbers(group.spread))
            }
            lines += ["", "  \(name) by round and phase"] + table.lines
            if let note = rounds.note("rows") { lines.append(note) }
        }
        if epochs.count > 1 {
            lines += ["", "  \(name) by epoch: mean"] + epochTable.lines
            if let note = epochs.note("epochs") { lines.append(note) }
        }
        return lines
    }

    private var epochTable: TextTable {
        let titles = phases.map { $0 == Human.nothing ? "mean" : $0 }
        var table = TextTable([.number("round"), .number("epoch")] + titles.map(TextTable.Column.number))
        for group in epochs.elements {
            let round = group.round.map(String.init) ?? Human.nothing
            table.add([round, String(group.epoch)] + phases.map { Human.number(group.phases[$0]?.average) })
        }
        return table
    }
}
