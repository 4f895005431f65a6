import Foundation
import HDF5
import Holdfast

/// A file in the layout of Holdfast's run files.
///
/// The file has one flag for the end of an episode, which becomes `terminated`, and 0 where a step had no action. The steps
/// of an episode are numbered anew: the file does not say which numbers were left out.
struct RecordedRun: ImportSource {
    private static let stepsPerRequest = 100
    /// The dataset of observations that are one array, and how those of several begin.
    private static let (plain, prefix) = ("observations", "observations.")

    private let file: ArrayFile
    private let runID: String?
    private let count: Int

    init(_ file: ArrayFile, runID: String?) throws {
        self.file = file
        self.runID = runID
        count = file.datasets["rewards"]?.rows ?? 0
        let perStep = ["dones", "episode_index", "actions", "frames"] + Self.observations(file)
        for name in perStep {
            guard let dataset = file.datasets[name], dataset.rows != count else { continue }
            throw CommandFailure(
                code: CommandFailure.dataDamaged,
                message: "\(file.url.path): \(name) has \(dataset.rows) rows, rewards has \(count)"
            )
        }
    }

    private static func observations(_ file: ArrayFile) -> [String] {
        file.datasets.keys.filter { $0 == plain || $0.hasPrefix(prefix) }.sorted()
    }

    func send(to client: HoldfastClient) async throws -> String {
        let recorded = try await file.attribute("run_id")
        let run = ImportedRun(id: runID ?? recorded ?? file.stem, config: imported)
        let done = try await run.stepsOnServer(of: count, client)
        if done == count { return "run \"\(run.id)\" has all \(count) steps already; nothing was added" }
        try await run.start(client)
        let episodes = try await file.wholeNumbers("episode_index", 0..<count)
        var next: [Int64: Int64] = [:]
        for episode in episodes[..<done] { next[episode, default: 0] += 1 }
        var progress = ProgressBar("steps", total: count)
        progress.advance(by: done)
        for first in stride(from: done, to: count, by: Self.stepsPerRequest) {
            let range = first..<min(first + Self.stepsPerRequest, count)
            for piece in try await pieces(of: range) {
                let columns = try await columns(piece, of: run, episodes: Array(episodes[piece]), next: &next)
                _ = try await client.call(StepsAppend(runID: run.id, count: piece.count, columns: columns))
                progress.advance(by: piece.count)
            }
        }
        for episode in next.keys.sorted() {
            _ = try await client.call(EpisodesFinish(runID: run.id, episodeID: run.episodeID(episode)))
        }
        try await run.finish(client)
        return """
            imported run "\(run.id)": \(Human.plural(count, "step")), \(Human.plural(next.count, "episode")) \
            (the file does not tell terminated from truncated: each end is "terminated")
            """
    }

    private var imported: JSONValue { ["imported_from": .string(file.url.lastPathComponent)] }

    private func columns(
        _ range: Range<Int>,
        of run: ImportedRun,
        episodes: [Int64],
        next: inout [Int64: Int64]
    ) async throws -> StepsAppend.Columns {
        let indices = episodes.map { episode in
            defer { next[episode, default: 0] += 1 }
            return next[episode, default: 0]
        }
        let dones = try await file.flags("dones", range)
        var columns = StepsAppend.Columns(
            episodeID: try StringColumn(episodes.map { run.episodeID($0) }),
            stepIndex: try ArrayValue(indices),
            reward: try ArrayValue(try await file.numbers("rewards", range)),
            terminated: try ArrayValue(dones),
            truncated: try ArrayValue(dones.map { _ in false })
        )
        if file.datasets["actions"] != nil { columns.action = try await file.rows("actions", range) }
        let rows = try await file.writtenRows("frames", range)
        if !rows.isEmpty {
            columns.frame = try await file.rows("frames", rows)
            columns.frameRows = try rowIndices(rows, of: range)
        }
        try await addObservations(range, to: &columns)
        return columns
    }

    /// Which steps of a batch have an array; nil: all of them.
    private func rowIndices(_ rows: [Int], of range: Range<Int>) throws -> ArrayValue? {
        rows.count == range.count ? nil : try ArrayValue(rows.map { UInt32($0 - range.lowerBound) })
    }

    /// Cuts steps where their observations change: all steps of a request that have any have the same ones.
    private func pieces(of range: Range<Int>) async throws -> [Range<Int>] {
        var observed = [Set<String>](repeating: [], count: range.count)
        for name in Self.observations(file) {
            for row in try await file.writtenRows(name, range) { observed[row - range.lowerBound].insert(name) }
        }
        var pieces: [Range<Int>] = []
        var start = range.lowerBound
        var current: Set<String> = []
        for (row, names) in zip(range, observed) where !names.isEmpty && names != current {
            if !current.isEmpty {
                pieces.append(start..<row)
                start = row
            }
            current = names
        }
        pieces.append(start..<range.upperBound)
        return pieces
    }

    /// The observations of a piece.
    private func addObservations(_ range: Range<Int>, to columns: inout StepsAppend.Columns) async throws {
        var arrays: [String: ArrayValue] = [:]
        for name in Self.observations(file) {
            let rows = try await file.writtenRows(name, range)
            guard !rows.isEmpty else { continue }
            arrays[name] = try await file.rows(name, rows)
            columns.observationRows = try rowIndices(rows, of: range)
        }
        guard let plain = arrays.removeValue(forKey: Self.plain) else {
            let named = arrays.map { (String($0.key.dropFirst(Self.prefix.count)), $0.value) }
            if !named.isEmpty { columns.observation = .arrays(Dictionary(named, uniquingKeysWith: { $1 })) }
            return
        }
        guard let other = arrays.keys.min() else {
            columns.observation = .array(plain)
            return
        }
        throw CommandFailure(
            code: CommandFailure.other,
            message: """
                \(file.url.path): steps \(range.lowerBound) to \(range.upperBound - 1) have \(Self.plain) as well as \(other), \
                of which a step has one; rename the first to \(Self.prefix)NAME
                """
        )
    }
}
