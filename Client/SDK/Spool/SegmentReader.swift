import Glibc
import NIOCore

/// A segment as others than its writer see it.
@safe final class SegmentReader {
    /// The place of its first record.
    let base: UInt64
    private let descriptor: Int32
    /// The most bytes of records that the file can have.
    private let capacity: UInt64
    /// The bytes of records that there were when that was last looked at.
    private var known: UInt64 = 0

    /// Opens a segment; nil if it has not the header of the one that its name tells.
    init?(_ folder: SpoolFolder, base: UInt64) throws {
        self.base = base
        let path = "\(folder.path)/\(Segment.name(base: base))"
        descriptor = try Files.open(path, O_RDONLY)
        var info = stat()
        let size = unsafe fstat(descriptor, &info) == 0 ? Int(info.st_size) : 0
        // Set whatever the size is: what ends before all members are set is not closed by `deinit`.
        capacity = UInt64(max(0, size - Segment.headerSize))
        guard size >= Segment.headerSize else { return nil }
        var header = try read(Segment.headerSize, at: 0)
        guard header.readBytes(length: Segment.magic.count) == Segment.magic,
            header.readInteger(endianness: .little, as: UInt64.self) == base
        else { return nil }
    }

    deinit { close(descriptor) }

    /// The bytes of records that there are, as the segment says; more than there can be where it is damaged.
    func claimed() throws -> UInt64 {
        var tail: UInt64 = 0
        _ = try unsafe withUnsafeMutableBytes(of: &tail) {
            try unsafe Files.read(descriptor, into: $0, at: Segment.tailOffset)
        }
        return min(UInt64(littleEndian: tail), .max - base)
    }

    /// Whether a record begins at a place.
    func has(_ place: UInt64) throws -> Bool {
        guard base <= place else { return false }
        if place - base < known { return true }
        known = min(try claimed(), capacity)
        return place - base < known
    }

    /// Bytes from a place on where a record begins; nil when there are not so many.
    func bytes(_ count: ClosedRange<Int>, at place: UInt64) throws -> ByteBuffer? {
        let offset = Int(place - base)
        let left = Int(known) - offset
        guard left >= count.lowerBound else { return nil }
        let chunk = try read(min(count.upperBound, left), at: Segment.headerSize + offset)
        return chunk.readableBytes >= count.lowerBound ? chunk : nil
    }

    private func read(_ count: Int, at offset: Int) throws -> ByteBuffer {
        var bytes = ByteBuffer()
        try unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<count])
            return try unsafe Files.read(descriptor, into: target, at: offset)
        }
        return bytes
    }
}
