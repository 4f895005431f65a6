import Foundation
import HDF5
import Holdfast
import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// Episodes as a dataset of Minari: a folder that is written under another name and renamed when it is complete.
struct MinariExport: EpisodeExport {
    /// The version whose format this is.
    private static let version = "0.5.4"

    private let out: String
    private let id: String

    init(out: String) throws {
        let url = URL(fileURLWithPath: out)
        // Without a slash at its end, behind which the draft's name would go.
        self.out = url.standardizedFileURL.path
        id = url.lastPathComponent
        guard id.wholeMatch(of: /[A-Za-z0-9_-]+-v[0-9]+/) != nil else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message: "--out \(out): the folder's name is the dataset's id, NAME-vN, such as pong-v0"
            )
        }
        guard !FileManager.default.fileExists(atPath: out) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(out) exists already; name another folder")
        }
    }

    func write(_ episodes: [Episode], _ client: HoldfastClient) async throws -> String {
        let draft = out + ".part"
        do {
            try makeFolder(draft)
            let steps = try await write(episodes, to: draft + "/data", client)
            guard unsafe rename(draft, out) == 0 else {
                throw CommandFailure(code: CommandFailure.other, message: "\(out) can't be replaced")
            }
            return "wrote \(out): \(Human.plural(episodes.count, "episode")), \(Human.plural(steps, "step"))"
        } catch {
            try? FileManager.default.removeItem(atPath: draft)
            throw error
        }
    }

    private func makeFolder(_ draft: String) throws {
        do {
            try? FileManager.default.removeItem(atPath: draft)
            try FileManager.default.createDirectory(atPath: draft + "/data", withIntermediateDirectories: true)
        } catch {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "the folder \(draft) can't be made: \(error.localizedDescription)"
            )
        }
    }

    private func write(_ episodes: [Episode], to folder: String, _ client: HoldfastClient) async throws -> Int {
        let executor = try HDF5Executor()
        let path = folder + "/main_data.hdf5"
        let file = try executor.sync { () throws(HDF5Error) in try ExportFile(path, on: executor) }
        var layout: MinariLayout?
        var (steps, actions) = (0, Int64(0)...0)
        var progress = ProgressBar("steps", total: episodes.reduce(0) { $0 + $1.steps })
        defer { progress.finish() }
        for (number, episode) in episodes.enumerated() {
            let own = try await MinariLayout(of: episode, client: client)
            if let layout, layout != own { throw Self.differs(episode, own, layout) }
            layout = own
            var writer = try await MinariEpisode(number, episode, own, in: file, on: executor)
            var pages = EpisodePages(episode.episodeID, arrays: [.frame, .observation, .action], client: client)
            while let page = try await pages.next() {
                try await writer.append(page)
                progress.advance(by: page.steps.count)
            }
            try await writer.finish(number, episode)
            steps += writer.steps
            if let range = writer.actions {
                actions = min(actions.lowerBound, range.lowerBound)...max(actions.upperBound, range.upperBound)
            }
        }
        try await executor.run { () throws(HDF5Error) in try file.close() }
        if let layout { try writeMetadata(layout, actions, (episodes.count, steps), to: folder) }
        return steps
    }

    private func writeMetadata(
        _ layout: MinariLayout,
        _ actions: ClosedRange<Int64>,
        _ totals: (episodes: Int, steps: Int),
        to folder: String
    ) throws {
        let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/main_data.hdf5")
        let megabytes = ((attributes[.size] as? Double ?? 0) / 1e5).rounded() / 10
        let metadata: JSONValue = [
            "total_episodes": .integer(Int64(totals.episodes)),
            "total_steps": .integer(Int64(totals.steps)),
            "data_format": "hdf5",
            // Pictures stay as they are.
            "jpeg_encoding": false,
            "observation_space": .string(layout.observationSpace.text),
            "action_space": .string(layout.actionSpace(actions).text),
            "dataset_id": .string(id),
            "minari_version": .string(Self.version),
            "dataset_size": .number(megabytes),
            "description": "Exported from Holdfast.",
        ]
        let text = Data(try JSONCoding.encode(metadata).readableBytesView)
        try text.write(to: URL(fileURLWithPath: folder + "/metadata.json"))
    }

    private static func differs(_ episode: Episode, _ own: MinariLayout, _ other: MinariLayout) -> CommandFailure {
        CommandFailure(
            code: CommandFailure.other,
            message:
                "episode \"\(episode.episodeID)\" has \(own.summary), but those before it have \(other.summary); "
                + "export them apart, with --episode"
        )
    }
}
