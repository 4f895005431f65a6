import HDF5
import Wire

@testable import Server
@testable import ServerTests

/// HDF5 files that are sound, with datasets as an input chooses (see ``ArrayFileBuilder``): each is imported, or refused with
/// a reason. Of damaged files, which ``ArrayFileTarget`` has, the library itself does not survive all.
struct ImportTarget: FuzzTarget {
    static let name = "imports"
    static let rounds = 200
    private static let mostEpisodes = 20
    private static let mostSteps = 20
    private static let mostBytes = 1 << 20

    private let directory: TemporaryDirectory
    private let executor: HDF5Executor

    init() throws {
        directory = try TemporaryDirectory()
        executor = try HDF5Executor()
    }

    func run(_ bytes: [UInt8]) throws {
        let path = directory.file("file.h5")
        executor.sync {
            var builder = ArrayFileBuilder(bytes)
            builder.write(to: path)
        }
        do {
            let file = try ArrayFile(path)
            try wait {
                try await ArrayFileTarget.read(file)
                if let episodes = EpisodeFile(file, frames: nil) { try await Self.read(episodes) }
            }
        } catch let error
            where error is HDF5Error || error is CommandFailure || error is ArrayError || error is WireError
        {
            try demand(!"\(error)".isEmpty, "a file is refused without a word")
        }
    }

    /// The first steps of the first episodes become requests.
    private static func read(_ file: EpisodeFile) async throws {
        for episode in try await file.episodes().prefix(mostEpisodes) {
            let row = episode.rowBytes(in: file.file)
            let end = min(episode.rows.upperBound, episode.rows.lowerBound + min(mostSteps, mostBytes / max(1, row)))
            guard end > episode.rows.lowerBound else { continue }
            var batch = EpisodeBatch()
            try await batch.add(episode.rows.lowerBound..<end, of: episode, as: "run/0", from: file.file)
            let request = try batch.request("run")
            try demand(request.count == end - episode.rows.lowerBound, "\(episode) became \(batch.count) steps")
            _ = try JSONCoding.encode(request, sink: AttachmentSink())
        }
    }
}
