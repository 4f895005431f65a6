/// Out-of-sample scores of one label, counted by twentieths and by the label that people gave.
struct ScoreBins: Sendable {
    static let count = 20

    struct Bin: Sendable, Equatable {
        var count = 0
        /// Of the scores.
        var sum = 0.0
    }

    /// By twentieth of the score, for images that people said no to.
    private(set) var no = [Bin](repeating: Bin(), count: count)
    /// The same for yes.
    private(set) var yes = [Bin](repeating: Bin(), count: count)

    static func read(_ label: String, _ connection: Connection) throws -> ScoreBins {
        var bins = ScoreBins()
        let rows = try connection.rows(
            "SELECT bin, given, count, sum FROM label_score_bins WHERE label = ?",
            [label]
        ) { (bin: $0.int(0), given: $0.int(1), content: Bin(count: $0.int(2), sum: $0.double(3))) }
        for row in rows where row.bin < count {
            if row.given == 1 { bins.yes[row.bin] = row.content } else { bins.no[row.bin] = row.content }
        }
        return bins
    }

    var noCount: Int { no.reduce(0) { $0 + $1.count } }
    var yesCount: Int { yes.reduce(0) { $0 + $1.count } }

    /// The mean score of "yes" among images that are yes: from there on a "no" is in doubt.
    var yesThreshold: Double? { yesCount == 0 ? nil : yes.reduce(0) { $0 + $1.sum } / Double(yesCount) }

    /// The mean score of "yes" among images that are no: up to there a "yes" is in doubt.
    var noThreshold: Double? { noCount == 0 ? nil : no.reduce(0) { $0 + $1.sum } / Double(noCount) }

    /// The border between two bins at which calling everything above it "yes" has the largest F1; nil without scores.
    var bestThreshold: Double? {
        guard yesCount > 0, noCount > 0 else { return nil }
        var best: (f1: Double, threshold: Double)?
        var truePositives = 0
        var falsePositives = 0
        for bin in stride(from: Self.count - 1, through: 0, by: -1) {
            truePositives += yes[bin].count
            falsePositives += no[bin].count
            let f1 = 2 * Double(truePositives) / Double(truePositives + falsePositives + yesCount)
            if f1 > best?.f1 ?? -1 { best = (f1, Double(bin) / Double(Self.count)) }
        }
        return best?.threshold
    }
}
