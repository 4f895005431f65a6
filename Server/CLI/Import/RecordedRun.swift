import Foundation
import HDF5
import Holdfast

/// A file in the layout of Holdfast's run files.
///
/// The file has one flag for the end of an episode, which becomes `terminated`, and 0 where a step had no action.
struct RecordedRun: ImportSource {
    private static let stepsPerRequest = 100

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
        file.datasets.keys.filter { $0 == "observations" || $0.hasPrefix("observations.") }.sorted()
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
            let columns = try await columns(range, of: run, episodes: Array(episodes[range]), next: &next)
            _ = try await client.call(StepsAppend(runID: run.id, count: range.count, columns: columns))
            progress.advance(by: range.count)
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
        if let (rows, frames) = try await file.writtenRows("frames", range) {
            columns.frame = frames
            columns.frameRows = try rowIndices(rows, of: range)
        }
        try await addObservations(range, to: &columns)
        return columns
    }

    /// Which steps of a batch have an array; nil: all of them.
    private func rowIndices(_ rows: [Int], of range: Range<Int>) throws -> ArrayValue? {
        rows.count == range.count ? nil : try ArrayValue(rows.map { UInt32($0 - range.lowerBound) })
    }

    /// Observations of one name or of several; a batch in which the names have different steps is not told apart: a name's
    /// fill rows then become rows of zeros.
    private func addObservations(_ range: Range<Int>, to columns: inout StepsAppend.Columns) async throws {
        let names = Self.observations(file)
        var written: [String: (rows: [Int], arrays: ArrayValue)] = [:]
        for name in names { written[name] = try await file.writtenRows(name, range) }
        guard let rows = written.values.first?.rows else { return }
        let isEven = written.count == names.count && written.values.allSatisfy { $0.rows == rows }
        var arrays: [String: ArrayValue] = [:]
        for name in names {
            arrays[name] = if isEven { written[name]?.arrays } else { try await file.rows(name, range) }
        }
        if isEven { columns.observationRows = try rowIndices(rows, of: range) }
        if names == ["observations"] {
            columns.observation = arrays["observations"].map { .array($0) }
        } else {
            let named = arrays.filter { $0.key != "observations" }
                .map { (String($0.key.dropFirst("observations.".count)), $0.value) }
            columns.observation = .arrays(Dictionary(named, uniquingKeysWith: { $1 }))
        }
    }
}
