import Foundation
import Holdfast

/// Episodes as .npz files.
struct ArraysExport: EpisodeExport {
    let out: String

    func write(_ episodes: [Episode], _ client: HoldfastClient) async throws -> String {
        let isFile = out.hasSuffix(".npz")
        guard !isFile || episodes.count == 1 else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(out) would be one file for \(episodes.count) episodes; name a folder"
            )
        }
        if isFile { try OutputFile.check(out) } else { try makeFolder() }
        let names = Self.names(episodes.map(\.episodeID))
        var progress = ProgressBar("steps", total: episodes.reduce(0) { $0 + $1.steps })
        defer { progress.finish() }
        var steps = 0
        for (episode, name) in zip(episodes, names) {
            let path = isFile ? out : "\(out)/\(name).npz"
            let file = EpisodeArrays(episode: episode, client: client)
            steps += try await file.write(to: path) { progress.advance(by: $0) }
        }
        return "wrote \(out): \(Human.plural(episodes.count, "episode")), \(Human.plural(steps, "step"))"
    }

    private func makeFolder() throws {
        do {
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "the folder \(out) can't be made: \(error.localizedDescription)"
            )
        }
    }

    /// File names for episode ids, each another one.
    static func names(_ ids: [String]) -> [String] {
        var taken: Set<String> = []
        return ids.map { id in
            let plain = id.unicodeScalars.map { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
            }
            // Neither hidden nor longer than file systems allow.
            let base = "\(plain.first == "." ? "_" : "")\(String(plain.prefix(200)))"
            var name = base
            var number = 2
            while !taken.insert(name.lowercased()).inserted {
                name = "\(base)-\(number)"
                number += 1
            }
            return name
        }
    }
}
