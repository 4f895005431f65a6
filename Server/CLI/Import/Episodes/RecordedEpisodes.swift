import Foundation
import HDF5
import Holdfast
import NIOCore

/// Episodes of Minari, D4RL or robomimic, which become a run.
struct RecordedEpisodes: ImportSource {
    /// Episodes that are closed at a time.
    private static let closedAtOnce = 64

    private let source: EpisodeFile
    private let runID: String?

    init(_ source: EpisodeFile, runID: String?) {
        self.source = source
        self.runID = runID
    }

    func send(to client: HoldfastClient) async throws -> String {
        let episodes = try await source.episodes()
        let run = ImportedRun(id: runID ?? name, config: try await config())
        let count = episodes.reduce(0) { $0 + $1.rows.count }
        let done = try await run.stepsOnServer(of: count, client)
        if done == count, count > 0 { return "run \"\(run.id)\" has all \(count) steps already; nothing was added" }
        try await run.start(client)
        try await sendSteps(of: episodes, after: done, of: count, to: run, client)
        try await close(episodes, of: run, client)
        try await run.finish(client)
        let sum = "\(Human.plural(count, "step")), \(Human.plural(episodes.count, "episode"))"
        return "imported run \"\(run.id)\" from \(source.format.rawValue): \(sum)" + hint(episodes.first)
    }

    /// The file's name as a run's id; of Minari, where all files have the same name, that of the dataset.
    private var name: String {
        let folder = source.file.url.deletingLastPathComponent()
        let isNamedByFolder = source.file.stem == "main_data" && folder.lastPathComponent == "data"
        let name = isNamedByFolder ? folder.deletingLastPathComponent().lastPathComponent : source.file.stem
        let plain = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" }
        return (try? RunID.check(String(plain))) == nil ? "imported" : String(plain)
    }

    private func config() async throws -> JSONValue {
        var members: [String: JSONValue] = ["imported_from": .string(source.file.url.lastPathComponent)]
        members["frames"] = source.frames.map { .string($0) }
        if source.format == .robomimic, let text = try await source.file.attributes(of: "data")["env_args"] {
            members["env_args"] = (try? JSONCoding.decode(JSONValue.self, from: .init(string: text))) ?? .string(text)
        }
        return .object(members)
    }

    private func sendSteps(
        of episodes: [ForeignEpisode],
        after done: Int,
        of count: Int,
        to run: ImportedRun,
        _ client: HoldfastClient
    ) async throws {
        var progress = ProgressBar("steps", total: count)
        defer { progress.finish() }
        progress.advance(by: done)
        var batch = EpisodeBatch()
        // What is to be passed over of what comes.
        var left = done
        for (number, episode) in episodes.enumerated() {
            let piece = piece(episode)
            var first = episode.rows.lowerBound + min(left, episode.rows.count)
            left -= first - episode.rows.lowerBound
            while first < episode.rows.upperBound {
                let rows = first..<min(first + piece, episode.rows.upperBound)
                try await batch.add(rows, of: episode, as: run.episodeID(Int64(number)), from: source.file)
                first = rows.upperBound
                guard batch.isFull else { continue }
                _ = try await client.call(try batch.request(run.id))
                progress.advance(by: batch.count)
                batch = EpisodeBatch()
            }
        }
        guard batch.count > 0 else { return }
        _ = try await client.call(try batch.request(run.id))
        progress.advance(by: batch.count)
    }

    /// How many steps of an episode are read at a time.
    private func piece(_ episode: ForeignEpisode) -> Int {
        max(1, min(1000, EpisodeBatch.mostBytes / max(1, episode.rowBytes(in: source.file))))
    }

    private func close(_ episodes: [ForeignEpisode], of run: ImportedRun, _ client: HoldfastClient) async throws {
        for first in stride(from: 0, to: episodes.count, by: Self.closedAtOnce) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in first..<min(first + Self.closedAtOnce, episodes.count) {
                    let episode = episodes[number]
                    var metadata: [String: JSONValue] = ["source": .string(episode.label)]
                    metadata["seed"] = episode.seed.map { .integer($0) }
                    let request = EpisodesFinish(
                        runID: run.id,
                        episodeID: run.episodeID(Int64(number)),
                        metadata: .object(metadata)
                    )
                    group.addTask { _ = try await client.call(request) }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Says which observations could be frames.
    private func hint(_ episode: ForeignEpisode?) -> String {
        guard let episode, episode.paths.frames == nil else { return "" }
        let pictures = episode.paths.observations.filter { _, path in
            guard let dataset = source.file.datasets[path] else { return false }
            return dataset.dtype == .uint8 && dataset.dimensions.count == 4
        }
        let names = pictures.keys.map { $0.isEmpty ? source.format.names.observations : $0 }.sorted()
        guard let first = names.first else { return "" }
        return "; \(names.joined(separator: ", ")) look like pictures: with --frames \(first) they would be frames"
    }
}
