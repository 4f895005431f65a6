import Foundation

@testable import HDF5
@testable import ServerTests

/// Files whose metadata a kill may have torn: whatever they are, what is mended stays mended.
///
/// An input is a file, tried as it is and with the checksums of its headers put right, which a change would rarely get right.
struct TornMetadataTarget: FuzzTarget {
    static let name = "torn-metadata"
    static let rounds = 300
    /// An entry is taken back after another, each time with a hash of the whole block.
    private static let mostBytes = 4096

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func run(_ bytes: [UInt8]) throws {
        guard bytes.count <= Self.mostBytes else { return }
        try mend(bytes)
        try mend(Self.withSoundHeaders(bytes))
    }

    private func mend(_ bytes: [UInt8]) throws {
        let path = directory.file("file.h5")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let count = try TornMetadata.mend(path, committedRows: [24], uncommittedRows: 20)
        let mended = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        try demand(mended.count == bytes.count, "\(bytes.count) bytes became \(mended.count)")
        try demand((bytes == mended) == (count == 0), "\(count) structures were mended")
        try demand(TornMetadata.mend(path, committedRows: [24], uncommittedRows: 20) == 0, "what was mended is torn")
    }

    private static func withSoundHeaders(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for first in bytes.indices where bytes[first...].starts(with: Array("EAHD".utf8)) {
            let end = first + 68
            guard end + 4 <= bytes.count else { continue }
            let checksum = Lookup3.hash(bytes[first..<end])
            for place in 0..<4 { bytes[end + place] = UInt8(truncatingIfNeeded: checksum >> (8 * place)) }
        }
        return bytes
    }
}
