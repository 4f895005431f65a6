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
    private var open: SegmentReader?
    /// Bytes of the open segment that were read ahead, and where they begin.
    private var ahead = ByteBuffer()
    private var aheadStart: UInt64 = 0
    /// Where the last record that is whole ends, when what follows is not.
    private(set) var damage: UInt64?

    init(_ folder: SpoolFolder) { self.folder = folder }

    /// The record at a place; nil where none is, or none yet.
    ///
    /// - Parameter limit: Where what is known to be written ends; nil: what the segments say.
    func entry(at place: UInt64, limit: UInt64? = nil) throws -> Entry? {
        guard damage == nil, place < limit ?? .max, try select(place) else { return nil }
        guard let header = try bytes(Segment.recordHeaderSize, at: place) else { return damaged(at: place) }
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

    /// Whether a spool that nobody appends to has nothing more from a place on; what it should have had is damage.
    func isEnd(at place: UInt64) throws -> Bool {
        guard try entry(at: place) == nil else { return false }
        guard damage == nil else { return true }
        let promised = try open.map { $0.base + (try $0.claimed()) } ?? 0
        if try promised > place || folder.bases().contains(where: { $0 > place }) { damage = place }
        return true
    }

    /// Says that a record is not what was written, though it looks like it.
    @discardableResult
    func damaged(at place: UInt64) -> Entry? {
        damage = place
        return nil
    }

    /// Opens the segment that has a place; false if there is none with a record there.
    private func select(_ place: UInt64) throws -> Bool {
        if let open, try open.has(place) { return true }
        guard let base = try folder.bases().last(where: { $0 <= place }) else { return false }
        if base == open?.base { return false }
        ahead = ByteBuffer()
        open = nil
        guard let segment = try SegmentReader(folder, base: base) else {
            damaged(at: place)
            return false
        }
        open = segment
        return try segment.has(place)
    }

    /// Bytes of the open segment; nil when it has not so many.
    private func bytes(_ count: Int, at place: UInt64) throws -> ByteBuffer? {
        guard let open else { return nil }
        if aheadStart <= place, let offset = Int(exactly: place - aheadStart),
            let slice = ahead.getSlice(at: offset, length: count)
        {
            return slice
        }
        guard let chunk = try open.bytes(count...max(count, Self.chunkSize), at: place) else { return nil }
        ahead = chunk
        aheadStart = place
        return ahead.getSlice(at: 0, length: count)
    }
}
