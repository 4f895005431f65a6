import Foundation
import HDF5
import Holdfast

/// A file in the layout of Holdfast's run files.
///
/// The file has one flag for the end of an episode: it becomes `terminated`. A frame of zeros that was never written looks
/// like one that was, and becomes one.
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
        let runID = runID ?? recorded ?? file.stem
        let start = try await client.call(
            RunsStart(runID: runID, config: ["imported_from": .string(file.url.lastPathComponent)])
        )
        if start.resumed, try await client.run(runID).steps > 0 {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "run \"\(runID)\" exists and has steps; choose another id with --run"
            )
        }
        let episodes = try await file.rows("episode_index", 0..<count).integers() ?? []
        var next: [Int64: Int64] = [:]
        var progress = ProgressBar("steps", total: count)
        for first in stride(from: 0, to: count, by: Self.stepsPerRequest) {
            let range = first..<min(first + Self.stepsPerRequest, count)
            let columns = try await columns(range, runID: runID, episodes: Array(episodes[range]), next: &next)
            _ = try await client.call(StepsAppend(runID: runID, count: range.count, columns: columns))
            progress.advance(by: range.count)
        }
        for episode in next.keys.sorted() {
            _ = try await client.call(EpisodesFinish(runID: runID, episodeID: Self.name(episode, runID)))
        }
        _ = try await client.call(RunsFinish(runID: runID, status: .finished))
        return "imported run \"\(runID)\": \(count) steps, \(next.count) episodes"
    }

    private static func name(_ episode: Int64, _ runID: String) -> String {
        let digits = String(episode)
        return "\(runID)/ep" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    private func columns(
        _ range: Range<Int>,
        runID: String,
        episodes: [Int64],
        next: inout [Int64: Int64]
    ) async throws -> StepsAppend.Columns {
        let indices = episodes.map { episode in
            defer { next[episode, default: 0] += 1 }
            return next[episode, default: 0]
        }
        let dones = (try await file.rows("dones", range).integers() ?? []).map { $0 != 0 }
        var columns = StepsAppend.Columns(
            episodeID: try StringColumn(episodes.map { Self.name($0, runID) }),
            stepIndex: try ArrayValue(indices),
            reward: try ArrayValue(try await file.rows("rewards", range).doubles() ?? []),
            terminated: try ArrayValue(dones),
            truncated: try ArrayValue(dones.map { _ in false })
        )
        if file.datasets["actions"] != nil { columns.action = try await file.rows("actions", range) }
        if file.datasets["frames"] != nil { columns.frame = try await file.rows("frames", range) }
        columns.observation = try await observation(range)
        return columns
    }

    private func observation(_ range: Range<Int>) async throws -> Observation? {
        let names = Self.observations(file)
        if names == ["observations"] { return .array(try await file.rows("observations", range)) }
        var arrays: [String: ArrayValue] = [:]
        for name in names where name != "observations" {
            arrays[String(name.dropFirst("observations.".count))] = try await file.rows(name, range)
        }
        return arrays.isEmpty ? nil : .arrays(arrays)
    }
}
