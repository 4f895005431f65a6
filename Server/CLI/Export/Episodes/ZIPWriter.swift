import Foundation
import HDF5
import NIOCore

/// Writes a ZIP file, one deflated member after the other, with the extensions for large files where they are needed.
final class ZIPWriter {
    private struct Entry {
        let name: [UInt8]
        let offset: UInt64
        let isLarge: Bool
        var checksum: UInt32 = 0
        var size: UInt64 = 0
        var stored: UInt64 = 0
    }

    private static let most32 = UInt64(UInt32.max)

    private let file: SpoolFile
    private let largeFrom: UInt64
    private var entries: [Entry] = []

    /// - Parameter largeFrom: Members of so many bytes and offsets from there on get 64-bit sizes.
    init(_ file: SpoolFile, largeFrom: UInt64 = 0xF000_0000) {
        self.file = file
        self.largeFrom = largeFrom
    }

    /// Adds a member.
    ///
    /// - Parameters:
    ///   - size: About how large it is, to choose between 32 and 64 bits.
    ///   - content: Hands its pieces over.
    func add(_ name: String, size: UInt64, _ content: (_ write: (ByteBuffer) throws -> Void) throws -> Void) throws {
        var entry = Entry(name: Array(name.utf8), offset: file.count, isLarge: size >= largeFrom)
        try file.append(ByteBuffer(bytes: Self.localHeader(entry)))
        let deflater = try Deflater()
        try content { piece in
            entry.checksum = Deflater.checksum(piece, after: entry.checksum)
            entry.size += UInt64(piece.readableBytes)
            try file.append(deflater.compress(piece))
        }
        try file.append(deflater.compress(ByteBuffer(), isLast: true))
        entry.stored = file.count - entry.offset - UInt64(Self.localHeader(entry).count)
        try file.replace(at: entry.offset, Self.localHeader(entry))
        entries.append(entry)
    }

    /// Writes the list of the members, which completes the file.
    func close() throws {
        let start = file.count
        for entry in entries { try file.append(ByteBuffer(bytes: centralHeader(entry))) }
        try file.append(ByteBuffer(bytes: end(start: start, size: file.count - start)))
    }

    // MARK: Headers

    private static func localHeader(_ entry: Entry) -> [UInt8] {
        var bytes = LittleEndianBytes()
        bytes.append32(0x0403_4B50)
        bytes.append16(entry.isLarge ? 45 : 20)
        common(entry, isLarge: entry.isLarge, extra: entry.isLarge ? 20 : 0, &bytes)
        bytes.bytes += entry.name
        if entry.isLarge {
            bytes.append16(1)
            bytes.append16(16)
            bytes.append64(entry.size)
            bytes.append64(entry.stored)
        }
        return bytes.bytes
    }

    /// What both headers of a member have: UTF-8 name, deflated, the first time that the format knows.
    private static func common(_ entry: Entry, isLarge: Bool, extra: UInt16, _ bytes: inout LittleEndianBytes) {
        for number: UInt16 in [0x0800, 8, 0, 0x21] { bytes.append16(number) }
        bytes.append32(entry.checksum)
        bytes.append32(isLarge ? .max : UInt32(clamping: entry.stored))
        bytes.append32(isLarge ? .max : UInt32(clamping: entry.size))
        bytes.append16(UInt16(entry.name.count))
        bytes.append16(extra)
    }

    private func centralHeader(_ entry: Entry) -> [UInt8] {
        let isFar = entry.offset >= min(largeFrom, Self.most32)
        let isLarge = entry.isLarge || isFar
        var bytes = LittleEndianBytes()
        bytes.append32(0x0201_4B50)
        bytes.append16(isLarge ? 45 : 20)
        bytes.append16(isLarge ? 45 : 20)
        Self.common(entry, isLarge: isLarge, extra: isLarge ? 28 : 0, &bytes)
        for _ in 0..<3 { bytes.append16(0) }
        bytes.append32(0)
        bytes.append32(isLarge ? .max : UInt32(entry.offset))
        bytes.bytes += entry.name
        if isLarge {
            bytes.append16(1)
            bytes.append16(24)
            bytes.append64(entry.size)
            bytes.append64(entry.stored)
            bytes.append64(entry.offset)
        }
        return bytes.bytes
    }

    private func end(start: UInt64, size: UInt64) -> [UInt8] {
        let isLarge = start >= min(largeFrom, Self.most32) || entries.count >= Int(UInt16.max)
        let count = UInt64(entries.count)
        var bytes = LittleEndianBytes()
        if isLarge {
            bytes.append32(0x0606_4B50)
            bytes.append64(44)
            bytes.append16(45)
            bytes.append16(45)
            bytes.append64(0)
            for number in [count, count, size, start] { bytes.append64(number) }
            bytes.append32(0x0706_4B50)
            bytes.append32(0)
            bytes.append64(start + size)
            bytes.append32(1)
        }
        bytes.append32(0x0605_4B50)
        bytes.append32(0)
        for _ in 0..<2 { bytes.append16(isLarge ? .max : UInt16(count)) }
        bytes.append32(isLarge ? .max : UInt32(size))
        bytes.append32(isLarge ? .max : UInt32(start))
        bytes.append16(0)
        return bytes.bytes
    }
}
