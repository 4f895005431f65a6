/// An episode in a file of another program.
struct ForeignEpisode: Sendable, Equatable {
    /// The datasets that have its rows.
    struct Paths: Sendable, Equatable {
        var actions: String
        var rewards: String?
        var terminated: String?
        var truncated: String?
        /// By name; a single array without a name has the empty one.
        var observations: [String: String] = [:]
        var frames: String?
        /// Numbers of each step, by name.
        var infos: [String: String] = [:]
        var timestamps: String?
        var stepIndex: String?
        /// JSON texts.
        var infoTexts: String?
    }

    /// What the file calls it.
    let label: String
    /// The rows of the datasets that are its steps.
    let rows: Range<Int>
    let paths: Paths
    let seed: Int64?

    /// The stretches of a recording that each end where an episode does; the last one may lack its end.
    static func split(ends: [Bool]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for (row, isEnd) in ends.enumerated() where isEnd || row == ends.count - 1 {
            ranges.append(start..<(row + 1))
            start = row + 1
        }
        return ranges
    }
}
