import Foundation
import HDF5
import NIOCore
import Wire

@testable import Server
@testable import ServerTests

/// HDF5 files of other programs: each is read, or refused with a reason; rows have the size that their dataset says.
struct ArrayFileTarget: FuzzTarget {
    static let name = "array-files"
    static let rounds = 100
    private static let mostBytes = 1 << 20
    private static let mostRows = 1000

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func run(_ bytes: [UInt8]) throws {
        let path = directory.file("file.h5")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
            let file = try ArrayFile(path)
            try wait { try await Self.read(file) }
        } catch let error where error is HDF5Error || error is CommandFailure || error is ArrayError {
            try demand(!"\(error)".isEmpty, "a file is refused without a word")
        }
    }

    static func read(_ file: ArrayFile) async throws {
        _ = try await file.attributes(of: "/")
        for (name, dataset) in file.datasets {
            let rows = 0..<min(dataset.rows, mostRows)
            if let layout = try? dataset.layout, rows.count * layout.rowBytes <= mostBytes {
                let array = try await file.rows(name, rows)
                try demand(array.bytes.readableBytes == rows.count * layout.rowBytes, "\(name) is \(array)")
                let written = try await file.writtenRows(name, rows)
                try demand(written.allSatisfy(rows.contains), "\(name) has rows that are not there")
            }
        }
        guard let episodes = EpisodeFile(file, frames: nil) else { return }
        for episode in try await episodes.episodes() {
            let count = file.datasets[episode.paths.actions]?.rows ?? 0
            try demand(episode.rows.upperBound <= count, "\(episode) has more steps than there are")
        }
    }
}
