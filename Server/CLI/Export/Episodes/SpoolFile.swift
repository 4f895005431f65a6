import Foundation
import NIOCore

/// A file that is written from its beginning in large pieces, and can be read again.
final class SpoolFile {
    private static let pieceBytes = 1 << 20

    private let path: String
    private let handle: FileHandle
    private var pending = ByteBuffer()
    private var written: UInt64 = 0

    /// Makes the file, or empties what is there.
    init(_ path: String) throws {
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forUpdatingAtPath: path)
        else { throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be written") }
        self.handle = handle
    }

    /// A file without a name, which goes away with the process, whatever happens.
    static func anonymous(beside path: String) throws -> SpoolFile {
        let own = "\(path).\(UUID().uuidString).part"
        let file = try SpoolFile(own)
        try? FileManager.default.removeItem(atPath: own)
        return file
    }

    /// Its bytes.
    var count: UInt64 { written + UInt64(pending.readableBytes) }

    func append(_ bytes: ByteBuffer) throws {
        pending.writeImmutableBuffer(bytes)
        if pending.readableBytes >= Self.pieceBytes { try flush() }
    }

    /// Writes over what is there.
    func replace(at offset: UInt64, _ bytes: [UInt8]) throws {
        try flush()
        try attempt {
            try handle.seek(toOffset: offset)
            try handle.write(contentsOf: bytes)
            _ = try handle.seekToEnd()
        }
    }

    /// Hands all of it out in pieces.
    func read(_ body: (ByteBuffer) throws -> Void) throws {
        try flush()
        try attempt { try handle.seek(toOffset: 0) }
        while let piece = try handle.read(upToCount: Self.pieceBytes), !piece.isEmpty {
            try body(ByteBuffer(bytes: piece))
        }
        try attempt { _ = try handle.seekToEnd() }
    }

    func close() throws {
        try flush()
        try attempt { try handle.close() }
    }

    private func flush() throws {
        guard pending.readableBytes > 0 else { return }
        try attempt { try handle.write(contentsOf: Data(pending.readableBytesView)) }
        written += UInt64(pending.readableBytes)
        pending.clear()
    }

    private func attempt(_ job: () throws -> Void) throws {
        do {
            try job()
        } catch {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "writing \(path) failed: \(error.localizedDescription)"
            )
        }
    }
}
