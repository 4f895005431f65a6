import CSpool
import Glibc
import NIOCore

/// The reading end of a spool: records in order, from any place where one begins.
@safe final class SpoolReader {
    /// A record, and the place where it ends.
    struct Entry: Sendable {
        let sequence: UInt64
        let record: SpoolRecord
        /// The bytes that it takes in the spool.
        let size: Int
        let end: UInt64
    }

    private static let chunkSize = 1 << 20

    private let folder: SpoolFolder
    private var open: (base: UInt64, descriptor: Int32)?
    /// Where the open segment ended when that was last looked at.
    private var knownEnd: UInt64 = 0
    /// Bytes of the open segment that were read ahead, and where they begin.
    private var ahead = ByteBuffer()
    private var aheadStart: UInt64 = 0
    /// Where the last record that is whole ends, when what follows is not.
    private(set) var damage: UInt64?

    init(_ folder: SpoolFolder) { self.folder = folder }

    deinit { closeSegment() }

    /// The record at a place; nil where none is, or none yet.
    ///
    /// - Parameter limit: Where what is known to be written ends; nil: what the segments say.
    func entry(at place: UInt64, limit: UInt64? = nil) throws -> Entry? {
        guard damage == nil, place < limit ?? .max, try select(place) else { return nil }
        guard let header = try bytes(Segment.recordHeaderSize, at: place) else { return nil }
        var fields = header
        let length = Int(try fields.readNumber(UInt32.self))
        let checksum = try fields.readNumber(UInt32.self)
        let sequence = try fields.readNumber(UInt64.self)
        let size = Segment.recordSize(payload: length)
        guard let whole = try bytes(size, at: place) else { return damaged(at: place) }
        let sum = unsafe whole.withUnsafeReadableBytes { bytes in
            unsafe bytes.baseAddress.map { unsafe cspool_crc32c(0, $0 + 8, 8 + length) }
        }
        guard sum == checksum, let payload = whole.getSlice(at: whole.readerIndex + 16, length: length) else {
            return damaged(at: place)
        }
        do {
            let record = try SpoolRecord(from: payload)
            return Entry(sequence: sequence, record: record, size: size, end: place + UInt64(size))
        } catch {
            return damaged(at: place)
        }
    }

    private func damaged(at place: UInt64) -> Entry? {
        damage = place
        return nil
    }

    /// Opens the segment that has a place; false if there is none with a record there.
    private func select(_ place: UInt64) throws -> Bool {
        if let open, open.base <= place {
            if place < knownEnd { return true }
            knownEnd = open.base + (try tail(of: open.descriptor))
            if place < knownEnd { return true }
        }
        guard let base = folder.bases.last(where: { $0 <= place }), base != open?.base else { return false }
        closeSegment()
        let descriptor = try Files.open("\(folder.path)/\(Segment.name(base: base))", O_RDONLY)
        open = (base, descriptor)
        ahead = ByteBuffer()
        knownEnd = base + (try tail(of: descriptor))
        return place < knownEnd
    }

    private func closeSegment() {
        if let open { close(open.descriptor) }
        open = nil
    }

    private func tail(of descriptor: Int32) throws -> UInt64 {
        var tail: UInt64 = 0
        _ = try unsafe withUnsafeMutableBytes(of: &tail) {
            try unsafe Files.read(descriptor, into: $0, at: Segment.tailOffset)
        }
        return tail
    }

    /// Bytes of the open segment; nil when it has not so many.
    private func bytes(_ count: Int, at place: UInt64) throws -> ByteBuffer? {
        guard let open else { return nil }
        let start = Int(place) - Int(aheadStart)
        if start >= 0, let slice = ahead.getSlice(at: start, length: count) { return slice }
        let offset = Int(place - open.base)
        let size = min(max(count, Self.chunkSize), Int(knownEnd - open.base) - offset)
        guard size >= count else { return nil }
        var chunk = ByteBuffer()
        try unsafe chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            try unsafe Files.read(
                open.descriptor,
                into: UnsafeMutableRawBufferPointer(rebasing: target[..<size]),
                at: Segment.headerSize + offset
            )
        }
        ahead = chunk
        aheadStart = place
        return ahead.getSlice(at: 0, length: count)
    }
}
