import HDF5

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

    /// Bytes of the arrays of a step.
    func rowBytes(in file: ArrayFile) -> Int {
        let names = [paths.actions, paths.frames].compactMap { $0 } + paths.observations.values
        return names.reduce(0) { $0 + ((try? file.datasets[$1]?.layout)?.rowBytes ?? 0) }
    }
}

/// Cuts a recording where episodes end.
struct EpisodeSplit {
    private var ended: [Range<Int>] = []
    private var start = 0
    private var count = 0

    /// Takes the flags of the next steps, true for the last one of an episode.
    mutating func add(_ ends: some Sequence<Bool>) {
        for isEnd in ends {
            count += 1
            guard isEnd else { continue }
            ended.append(start..<count)
            start = count
        }
    }

    /// The stretches that each end where an episode does; the last one may lack its end.
    func ranges() -> [Range<Int>] { start < count ? ended + [start..<count] : ended }
}
