import CSpool
import Glibc

/// The writing end of a spool: a folder of segments that this process appends to.
final class SpoolWriter {
    private(set) var folder: String
    private let lock: FileLock
    let segmentSize: Int
    private var segment: SegmentWriter?
    /// The next segment, ready before it is needed.
    private var spare: SegmentWriter?
    private(set) var lastSequence: UInt64 = 0

    /// A new spool in a folder.
    init(folder: String, segmentSize: Int) throws {
        self.folder = folder
        try Files.makeFolder(folder)
        guard let lock = try FileLock("\(folder)/\(SpoolFolder.writerLock)") else {
            throw Files.Failure(operation: "flock", path: folder, code: EWOULDBLOCK)
        }
        self.lock = lock
        self.segmentSize = segmentSize
    }

    /// Gives the folder the name under which other processes look for it, now that its locks are taken.
    func publish(as name: String) throws {
        guard unsafe rename(folder, name) == 0 else {
            throw Files.Failure(operation: "rename", path: folder, code: errno)
        }
        folder = name
    }

    /// Where the next record begins.
    var end: UInt64 { segment?.end ?? 0 }

    /// Whether the next segment should be made ready: half of this one is used.
    var wantsSpare: Bool {
        guard spare == nil, let segment else { return false }
        return segment.used > segment.capacity / 2
    }

    /// Appends a record; says its size in the file and whether the disk had to be asked for a new segment.
    func append<Record: Spoolable>(_ record: Record) throws -> Int {
        let payload = 1 + record.size
        if segment?.hasRoom(payload: payload) != true { try advance(payload: payload) }
        lastSequence += 1
        segment?.append(record, payload: payload, sequence: lastSequence)
        return Segment.recordSize(payload: payload)
    }

    private func advance(payload: Int) throws {
        let end = end
        let capacity = max(segmentSize, Segment.recordSize(payload: payload))
        let next: SegmentWriter
        if let spare, spare.hasRoom(payload: payload) {
            next = spare
        } else {
            next = try SegmentWriter(folder: folder, capacity: capacity)
        }
        try next.begin(at: end, in: folder)
        if spare === next { spare = nil }
        segment = next
    }

    /// Takes a segment that was made elsewhere, so that the append which needs it does not wait for the disk.
    func take(spare: SegmentWriter) { self.spare = spare }
}
