import Foundation
import HDF5
import Holdfast
import NIOCore

/// A file of another program that has episodes, and where in it they are.
struct EpisodeFile: Sendable {
    /// The datasets of all steps of a D4RL file are read in pieces of so many rows.
    private static let flagsAtOnce = 1 << 20
    private static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF]

    let file: ArrayFile
    let format: EpisodeFormat
    /// The observation, or info, whose rows become frames.
    let frames: String?
    private let groups: [String: [String]]

    /// Nil for a file without episodes.
    init?(_ file: ArrayFile, frames: String?) {
        guard let format = EpisodeFormat(datasets: file.datasets.keys) else { return nil }
        self.file = file
        self.format = format
        self.frames = frames
        let names = format.groups(of: file.datasets.keys)
        guard names != [""] else {
            groups = ["": Array(file.datasets.keys)]
            return
        }
        var groups = Dictionary(uniqueKeysWithValues: names.map { ($0, [String]()) })
        let depth = format == .robomimic ? 2 : 1
        for path in file.datasets.keys {
            let parts = path.split(separator: "/")
            guard parts.count > depth else { continue }
            groups[parts[..<depth].joined(separator: "/")]?.append(parts[depth...].joined(separator: "/"))
        }
        self.groups = groups
    }

    /// All episodes in their order.
    func episodes() async throws -> [ForeignEpisode] {
        var episodes: [ForeignEpisode] = []
        for group in format.groups(of: file.datasets.keys) {
            var paths = try paths(group)
            let attributes = group.isEmpty ? [:] : try await file.attributes(of: group)
            if attributes["holdfast_episode_id"] != nil { takeOwn(&paths) }
            try takeFrames(&paths, group)
            let count = file.datasets[paths.actions]?.rows ?? 0
            try check(paths, count)
            if episodes.isEmpty { try await checkPictures(paths) }
            let ranges = format == .d4rl ? try await split(paths, count) : [0..<count]
            for rows in ranges where !rows.isEmpty {
                let label = group.isEmpty ? "rows \(rows.lowerBound) to \(rows.upperBound - 1)" : group
                let seed = attributes["seed"].flatMap { Int64($0) }
                episodes.append(ForeignEpisode(label: label, rows: rows, paths: paths, seed: seed))
            }
        }
        return episodes
    }

    private func paths(_ group: String) throws -> ForeignEpisode.Paths {
        let (names, own) = (format.names, Set(groups[group] ?? []))
        func path(_ name: String?) -> String? {
            name.flatMap { own.contains($0) ? (group.isEmpty ? $0 : "\(group)/\($0)") : nil }
        }
        guard let actions = path("actions") else {
            let reason = own.contains { $0.hasPrefix("actions/") } ? "several arrays as actions, not one" : "no actions"
            throw failure("\(group) has \(reason)")
        }
        var paths = ForeignEpisode.Paths(
            actions: actions,
            rewards: path("rewards"),
            terminated: path(names.terminated),
            truncated: path(names.truncated)
        )
        if let only = path(names.observations) { paths.observations[""] = only }
        for name in own where name.hasPrefix(names.observations + "/") {
            let plain = Self.plain(name.dropFirst(names.observations.count + 1))
            guard paths.observations.updateValue(path(name) ?? name, forKey: plain) == nil else {
                throw failure("\(group) has two observations that would both be called \(plain)")
            }
        }
        if let infos = names.infos {
            for name in own where name.hasPrefix(infos + "/") {
                paths.infos[String(name.dropFirst(infos.count + 1))] = path(name)
            }
        }
        return paths
    }

    /// A name as it can be that of a dataset of a run.
    private static func plain(_ name: some StringProtocol) -> String {
        String(
            name.map { character in
                let isPlain = character.isASCII && (character.isLetter || character.isNumber)
                return isPlain ? character : character == "/" ? "." : "_"
            }
        )
    }

    /// What an export of ours has put into the infos.
    private func takeOwn(_ paths: inout ForeignEpisode.Paths) {
        paths.timestamps = paths.infos.removeValue(forKey: "timestamp")
        paths.stepIndex = paths.infos.removeValue(forKey: "step_index")
        paths.infoTexts = paths.infos.removeValue(forKey: "json")
        if frames == nil { paths.frames = paths.infos.removeValue(forKey: "frame") }
    }

    private func takeFrames(_ paths: inout ForeignEpisode.Paths, _ group: String) throws {
        guard let frames else { return }
        let name = frames == format.names.observations ? "" : Self.plain(frames)
        let found = paths.observations.removeValue(forKey: name) ?? paths.infos.removeValue(forKey: frames)
        guard let found, file.datasets[found].map({ $0.dimensions.count >= 3 }) == true else {
            let names = paths.observations.map { "\($0.key.isEmpty ? format.names.observations : $0.key)" }
            throw failure(
                "\(group) has no pictures \(frames); its observations are \(names.sorted().joined(separator: ", "))"
            )
        }
        paths.frames = found
    }

    // MARK: Checks

    private func check(_ paths: ForeignEpisode.Paths, _ count: Int) throws {
        let columns = [paths.actions, paths.rewards, paths.terminated, paths.truncated].compactMap { $0 }
        let arrays = paths.observations.values + [paths.frames].compactMap { $0 }
        let expected = columns.compactMap { file.datasets[$0]?.rows }.max() ?? count
        for path in columns + arrays {
            guard let dataset = file.datasets[path] else { continue }
            // An observation may follow the last step.
            guard dataset.rows == expected || arrays.contains(path) && dataset.rows == expected + 1 else {
                throw CommandFailure(
                    code: CommandFailure.dataDamaged,
                    message: "\(file.url.path): \(path) has \(dataset.rows) rows, others have \(expected)"
                )
            }
            guard try dataset.layout != nil else {
                throw failure(
                    "\(path) are no numbers but texts, or JPEG pictures, which are not imported; write the dataset of Minari again with jpeg_encoding=False"
                )
            }
        }
    }

    private func checkPictures(_ paths: ForeignEpisode.Paths) async throws {
        for path in paths.observations.values + [paths.frames].compactMap({ $0 }) {
            guard let dataset = file.datasets[path], dataset.dtype == .uint8, dataset.dimensions.count == 2,
                dataset.rows > 0
            else { continue }
            let first = try await file.rows(path, 0..<1).bytes.readableBytesView.prefix(Self.jpeg.count)
            guard Array(first) != Self.jpeg else {
                throw failure(
                    "\(path) are JPEG pictures, which are not imported; write the dataset of Minari again with jpeg_encoding=False"
                )
            }
        }
    }

    /// The episodes of a recording, by the flags at their last steps.
    private func split(_ paths: ForeignEpisode.Paths, _ count: Int) async throws -> [Range<Int>] {
        for name in [paths.terminated, paths.truncated].compactMap({ $0 }) {
            guard try await file.isWhole(name) else {
                throw CommandFailure(
                    code: CommandFailure.dataDamaged,
                    message: "\(file.url.path): \(name) says that it has \(count) rows, not all of which were written"
                )
            }
        }
        var split = EpisodeSplit()
        for first in stride(from: 0, to: count, by: Self.flagsAtOnce) {
            let range = first..<min(first + Self.flagsAtOnce, count)
            let terminated = try await file.flags(paths.terminated, range)
            let truncated = try await file.flags(paths.truncated, range)
            split.add(zip(terminated, truncated).lazy.map { $0 || $1 })
        }
        return split.ranges()
    }

    private func failure(_ message: String) -> CommandFailure {
        CommandFailure(code: CommandFailure.other, message: "\(file.url.path): \(message)")
    }
}
