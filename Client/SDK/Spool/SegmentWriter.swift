import CSpool
import Glibc

/// A segment that records are appended to: a mapped file, so that a record survives the process once it is stored.
@safe final class SegmentWriter: @unchecked Sendable {  // used under the lock of its spool
    /// The place of its first record.
    private(set) var base: UInt64 = 0
    private var path: String
    /// Whether it has its name and place.
    private var isBegun = false
    private let descriptor: Int32
    private let memory: UnsafeMutableRawPointer
    private let size: Int
    /// The bytes of whole records.
    private(set) var used = 0

    /// Makes a file under a name that no reader looks at, with all its blocks, since a store into a hole on a full disk would kill the process, and its
    /// pages ready to be written.
    init(folder: String, capacity: Int) throws {
        // Of its own: the thread that logs and the one that sends may make one at the same time.
        path = "\(folder)/spare-\(Producer.make())"
        size = Segment.headerSize + capacity
        let descriptor = try Files.openHere(path, O_RDWR | O_CREAT | O_EXCL)
        do {
            try Files.allocate(size, descriptor, path)
            unsafe memory = try unsafe Self.map(descriptor, size, path)
        } catch {
            cspool_close(descriptor)
            Files.remove(path)
            throw error
        }
        for (offset, byte) in Segment.magic.enumerated() {
            unsafe memory.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
        self.descriptor = descriptor
    }

    private static func map(_ descriptor: Int32, _ size: Int, _ path: String) throws -> UnsafeMutableRawPointer {
        let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            throw Files.Failure(operation: "mmap", path: path, code: errno)
        }
        unsafe cspool_not_in_child(memory, size)
        let code = unsafe cspool_prefault(memory, size)
        guard code == 0 else {
            unsafe munmap(memory, size)
            throw Files.Failure(operation: "madvise", path: path, code: code)
        }
        return unsafe memory
    }

    deinit {
        unsafe munmap(memory, size)
        cspool_close(descriptor)
        // A spare whose time did not come.
        if !isBegun { Files.remove(path) }
    }

    /// Takes its place behind the segments that are there.
    func begin(at base: UInt64, in folder: String) throws {
        unsafe memory.storeBytes(of: base.littleEndian, toByteOffset: Segment.baseOffset, as: UInt64.self)
        let name = "\(folder)/\(Segment.name(base: base))"
        guard unsafe rename(path, name) == 0 else { throw Files.Failure(operation: "rename", path: path, code: errno) }
        self.base = base
        path = name
        isBegun = true
    }

    /// Where the next record begins.
    var end: UInt64 { base + UInt64(used) }

    var capacity: Int { size - Segment.headerSize }

    func hasRoom(payload: Int) -> Bool { used + Segment.recordSize(payload: payload) <= capacity }

    /// Appends a record, for which there must be room.
    func append<Record: Spoolable>(_ record: Record, payload: Int, sequence: UInt64) {
        let start = unsafe memory + Segment.headerSize + used
        let body = unsafe start + Segment.recordHeaderSize
        var writer = unsafe ByteWriter(body, capacity: payload)
        writer.write(Record.kind.rawValue)
        record.write(to: &writer)
        precondition(writer.count == payload, "a record is smaller than it said")
        unsafe start.storeBytes(of: UInt32(payload), as: UInt32.self)
        unsafe start.storeBytes(of: sequence, toByteOffset: 8, as: UInt64.self)
        let checksum = unsafe cspool_crc32c(0, start + 8, 8 + payload)
        unsafe start.storeBytes(of: checksum, toByteOffset: 4, as: UInt32.self)
        used += Segment.recordSize(payload: payload)
        // Last, and in this order for every other process too: what the tail covers is whole.
        unsafe cspool_store_release(memory + Segment.tailOffset, UInt64(used))
    }
}
