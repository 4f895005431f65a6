import Holdfast
import NIOCore

/// Steps of one or more episodes that are sent together.
struct EpisodeBatch {
    private static let mostSteps = 1000
    static let mostBytes = 8 << 20

    private var episodes: [String] = []
    private var indices: [Int64] = []
    private var rewards: [Double] = []
    private var terminated: [Bool] = []
    private var truncated: [Bool] = []
    private var timestamps: [Double] = []
    private var infos: [String?] = []
    private var arrays: [String: StackedRows] = [:]
    private var bytes = 0

    var count: Int { indices.count }
    var isFull: Bool { count >= Self.mostSteps || bytes >= Self.mostBytes }

    /// Adds neighbouring steps of an episode.
    mutating func add(_ rows: Range<Int>, of episode: ForeignEpisode, as id: String, from file: ArrayFile) async throws
    {
        let paths = episode.paths
        episodes += repeatElement(id, count: rows.count)
        if let path = paths.stepIndex {
            indices += try await file.wholeNumbers(path, rows)
        } else {
            indices += rows.map { Int64($0 - episode.rows.lowerBound) }
        }
        if let path = paths.rewards {
            rewards += try await file.numbers(path, rows)
        } else {
            rewards += repeatElement(0, count: rows.count)
        }
        terminated += try await file.flags(paths.terminated, rows)
        truncated += try await file.flags(paths.truncated, rows)
        if let path = paths.timestamps { timestamps += try await file.numbers(path, rows) }
        infos += try await StepInfos(paths, file).texts(rows)
        try await stack("actions", paths.actions, rows, file)
        if let path = paths.frames { try await stack("frames", path, rows, file) }
        for (name, path) in paths.observations { try await stack("observations.\(name)", path, rows, file) }
    }

    private mutating func stack(_ name: String, _ path: String, _ rows: Range<Int>, _ file: ArrayFile) async throws {
        let added = try await file.rows(path, rows)
        bytes += added.bytes.readableBytes
        if arrays[name] == nil {
            arrays[name] = try StackedRows(name, added)
        } else {
            try arrays[name]?.append(added)
        }
    }

    /// The request that sends them.
    func request(_ runID: String) throws -> StepsAppend {
        var columns = StepsAppend.Columns(
            episodeID: try StringColumn(episodes),
            stepIndex: try ArrayValue(indices),
            reward: try ArrayValue(rewards),
            terminated: try ArrayValue(terminated),
            truncated: try ArrayValue(truncated)
        )
        if timestamps.count == count { columns.timestamp = try ArrayValue(timestamps) }
        if infos.contains(where: { $0 != nil }) { columns.info = try StringColumn(infos) }
        columns.action = try arrays["actions"]?.array(of: count)
        columns.frame = try arrays["frames"]?.array(of: count)
        let observations = arrays.filter { $0.key.hasPrefix("observations.") }
        if let only = observations["observations."], observations.count == 1 {
            columns.observation = .array(try only.array(of: count))
        } else if !observations.isEmpty {
            let named = try observations.map { (String($0.dropFirst("observations.".count)), try $1.array(of: count)) }
            columns.observation = .arrays(Dictionary(named, uniquingKeysWith: { $1 }))
        }
        return StepsAppend(runID: runID, count: count, columns: columns)
    }
}
