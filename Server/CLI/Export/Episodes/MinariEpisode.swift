import HDF5
import Holdfast
import NIOCore

/// One episode of a Minari dataset, written page by page.
struct MinariEpisode {
    private let group: String
    private let layout: MinariLayout
    private let file: ExportFile
    private let executor: HDF5Executor
    private var held: [String: HeldRows]
    private var frames: HeldRows?
    private(set) var steps = 0
    /// Of the integers that are its actions.
    private(set) var actions: ClosedRange<Int64>?

    /// Makes the group with its datasets.
    init(
        _ number: Int,
        _ episode: Episode,
        _ layout: MinariLayout,
        in file: ExportFile,
        on executor: HDF5Executor
    ) async throws {
        group = "episode_\(number)"
        self.layout = layout
        self.file = file
        self.executor = executor
        held = try layout.observations.mapValues { try HeldRows($0) }
        frames = try layout.frames.map { try HeldRows($0) }
        var datasets = layout.observations.mapValues { ($0, episode.steps + 1) }
        datasets["actions"] = (layout.actions ?? .init(dtype: .int64, shape: []), episode.steps)
        for (name, dtype) in Self.columns { datasets[name] = (.init(dtype: dtype, shape: []), episode.steps) }
        datasets["infos/frame"] = layout.frames.map { ($0, episode.steps) }
        let (group, rows, made) = (group, episode.steps, datasets)
        try await executor.run { () throws(HDF5Error) in
            try file.makeGroup(group)
            for (name, (entry, rows)) in made {
                let layout = try RowLayout(dtype: entry.dtype, shape: entry.shape)
                try file.makeDataset("\(group)/\(name)", layout: layout, rows: rows)
            }
            try file.makeTexts("\(group)/infos/json", rows: rows)
        }
    }

    private static let columns: [(String, DType)] = [
        ("rewards", .float64), ("terminations", .bool), ("truncations", .bool), ("infos/timestamp", .float64),
        ("infos/step_index", .int64),
    ]

    mutating func append(_ page: EpisodePage) async throws {
        let count = page.steps.count
        for (name, rows) in page.observations where held[MinariLayout.name(name)] == nil || !fits(name, rows) {
            throw differs("\(name) \(rows.dtype.rawValue) \(rows.shape)")
        }
        for name in held.keys.sorted() {
            let own = page.observations.first { MinariLayout.name($0.key) == name }?.value
            let bytes = held[name]?.fill(layout.observesFrames ? page.frames : own, count: count)
            try await append(bytes ?? ByteBuffer(), to: name)
        }
        if let bytes = frames?.fill(page.frames, count: count) { try await append(bytes, to: "infos/frame") }
        let actions = try page.actions?.array ?? ArrayValue([Int64](repeating: 0, count: count))
        try await append(actions.bytes, to: "actions")
        if layout.actions == nil { note(actions) }
        try await appendColumns(page.steps)
        steps += count
    }

    /// Adds the observation behind the last step, and what Minari wants to know of the episode.
    func finish(_ number: Int, _ episode: Episode) async throws {
        for (name, rows) in held { try await append(rows.last, to: name) }
        let (file, group, steps) = (file, group, steps)
        let seed = Self.seed(episode)
        try await executor.run { () throws(HDF5Error) in
            try file.setAttribute("id", Int64(number), of: group)
            try file.setAttribute("total_steps", Int64(steps), of: group)
            if let seed { try file.setAttribute("seed", seed, of: group) }
            try file.setAttribute("holdfast_episode_id", episode.episodeID, of: group)
            try file.setAttribute("holdfast_run_id", episode.runID, of: group)
            try file.finishDatasets()
        }
    }

    /// The member "seed" of the metadata, where there is one.
    private static func seed(_ episode: Episode) -> Int64? {
        guard case .object(let members)? = episode.metadata, case .integer(let seed)? = members["seed"] else {
            return nil
        }
        return seed
    }

    private mutating func note(_ taken: ArrayValue) {
        guard let numbers = taken.integers(), let least = numbers.min(), let most = numbers.max() else { return }
        actions = min(least, actions?.lowerBound ?? least)...max(most, actions?.upperBound ?? most)
    }

    private func fits(_ name: String, _ rows: StepRows) -> Bool {
        layout.observations[MinariLayout.name(name)] == .init(dtype: rows.dtype, shape: rows.shape)
    }

    private func differs(_ what: String) -> CommandFailure {
        CommandFailure(
            code: CommandFailure.other,
            message: "some steps have \(what), others \(layout.summary); a Minari dataset has the same for all steps"
        )
    }

    private func appendColumns(_ steps: [StoredStep]) async throws {
        try await append(try ArrayValue(steps.map(\.reward)).bytes, to: "rewards")
        try await append(try ArrayValue(steps.map(\.terminated)).bytes, to: "terminations")
        try await append(try ArrayValue(steps.map(\.truncated)).bytes, to: "truncations")
        try await append(try ArrayValue(steps.map(\.timestamp)).bytes, to: "infos/timestamp")
        try await append(try ArrayValue(steps.map(\.stepIndex)).bytes, to: "infos/step_index")
        let (file, name, texts) = (file, "\(group)/infos/json", try steps.map(InfoText.of))
        try await executor.run { () throws(HDF5Error) in try file.append(texts, to: name) }
    }

    private func append(_ bytes: ByteBuffer, to name: String) async throws {
        let (file, name) = (file, "\(group)/\(name)")
        try await executor.run { () throws(HDF5Error) in try file.append(bytes, to: name) }
    }
}
