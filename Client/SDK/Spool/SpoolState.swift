import CSpool
import Glibc
import NIOCore

/// How far a spool is delivered, and how what is on its way was cut into requests, so that whoever sends it again cuts it
/// the same way.
struct SpoolState: Sendable, Equatable {
    /// Records that were numbered together.
    struct Cut: Sendable, Equatable {
        /// The places of the first record and behind the last one.
        let start: UInt64
        let end: UInt64
        /// What the server accepted when they were cut into requests.
        let payloadLimit: UInt64
        let attachmentsLimit: UInt64
        /// The number of the first request that is not settled.
        var firstSeq: Int64
        /// The requests that are not settled, by their places among all that the records were cut into.
        var parts: [UInt32]
    }

    /// A place in another spool.
    struct Origin: Sendable, Equatable {
        /// The name of its folder.
        let spool: String
        let place: UInt64
    }

    /// The producer id of what is on its way and of what follows.
    var producer: String
    /// The server that the records are for, as host:port.
    var server: String
    /// The place before which everything is settled.
    var head: UInt64 = 0
    /// The number of the next request.
    var nextSeq: Int64 = 1
    var cuts: [Cut] = []
    /// What was logged before the fork of the process: it must be there first, the start of the run above all.
    var origin: Origin?
}

/// The file that keeps a spool's state: two slots, written in turn, each with a checksum.
final class SpoolStateFile {
    static let name = "state"
    private static let magic: UInt32 = 0x3153_4648  // "HFS1"
    private static let slotSize = 64 << 10
    private static let headerSize = 24

    private let path: String
    private let descriptor: Int32
    private var generation: UInt64 = 0

    /// Makes the file.
    init(folder: String) throws {
        path = "\(folder)/\(Self.name)"
        descriptor = try Files.openHere(path, O_RDWR | O_CREAT)
        // Its blocks now, so that it can be written when the disk is full; where that is not possible it grows.
        try? Files.allocate(2 * Self.slotSize, descriptor, path)
    }

    /// Opens the file of a spool that is there; nil if it has none.
    init?(in folder: SpoolFolder) throws {
        path = "\(folder.path)/\(Self.name)"
        do {
            descriptor = try Files.openHere(path, O_RDWR)
        } catch let error as Files.Failure where error.code == ENOENT {
            return nil
        }
    }

    deinit { cspool_close(descriptor) }

    /// The newest whole state; nil if none was written.
    func read() throws -> SpoolState? {
        var newest: SpoolState?
        for slot in 0..<2 {
            var bytes = [UInt8](repeating: 0, count: Self.slotSize)
            let count = try unsafe bytes.withUnsafeMutableBytes {
                try unsafe Files.read(descriptor, into: $0, at: slot * Self.slotSize)
            }
            guard let (state, number) = Self.decode(Array(bytes.prefix(count))), number > generation else { continue }
            generation = number
            newest = state
        }
        return newest
    }

    /// Replaces the older of the two states.
    func write(_ state: SpoolState) throws {
        generation += 1
        let bytes = Self.encode(state, generation)
        guard bytes.count <= Self.slotSize else {
            throw Files.Failure(operation: "write the state to", path: path, code: EFBIG)
        }
        try Files.write(bytes, to: descriptor, at: Int(generation % 2) * Self.slotSize, path)
    }

    private static func encode(_ state: SpoolState, _ generation: UInt64) -> [UInt8] {
        var body: [UInt8] = []
        func add<Number: FixedWidthInteger>(_ number: Number) {
            for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
                body.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
            }
        }
        func add(_ text: String) {
            add(UInt32(text.utf8.count))
            body += text.utf8
        }
        add(state.producer)
        add(state.server)
        add(state.head)
        add(state.nextSeq)
        add(UInt32(state.cuts.count))
        for cut in state.cuts {
            for number in [cut.start, cut.end, cut.payloadLimit, cut.attachmentsLimit] { add(number) }
            add(cut.firstSeq)
            add(UInt32(cut.parts.count))
            for part in cut.parts { add(part) }
        }
        add(state.origin?.spool ?? "")
        add(state.origin?.place ?? 0)
        let content = body
        body = []
        add(magic)
        add(UInt32(content.count))
        add(generation)
        let checksum = unsafe (body + content).withUnsafeBytes { bytes in
            unsafe bytes.baseAddress.map { unsafe cspool_crc32c(0, $0, bytes.count) } ?? 0
        }
        add(checksum)
        add(UInt32(0))
        return body + content
    }

    private static func decode(_ bytes: [UInt8]) -> (SpoolState, generation: UInt64)? {
        guard bytes.count >= headerSize else { return nil }
        var fields = ByteBuffer(bytes: bytes)
        do {
            guard try fields.readNumber(UInt32.self) == magic else { return nil }
            let length = Int(try fields.readNumber(UInt32.self))
            let generation = try fields.readNumber(UInt64.self)
            let checksum = try fields.readNumber(UInt32.self)
            _ = try fields.readNumber(UInt32.self)
            guard length <= bytes.count - headerSize else { return nil }
            let sum = unsafe (bytes[..<16] + bytes[headerSize..<headerSize + length]).withUnsafeBytes { bytes in
                unsafe bytes.baseAddress.map { unsafe cspool_crc32c(0, $0, bytes.count) } ?? 0
            }
            guard sum == checksum else { return nil }
            var state = SpoolState(producer: try fields.readText(), server: try fields.readText())
            state.head = try fields.readNumber()
            state.nextSeq = try fields.readNumber()
            for _ in 0..<(try fields.readNumber(UInt32.self)) {
                state.cuts.append(
                    SpoolState.Cut(
                        start: try fields.readNumber(),
                        end: try fields.readNumber(),
                        payloadLimit: try fields.readNumber(),
                        attachmentsLimit: try fields.readNumber(),
                        firstSeq: try fields.readNumber(),
                        parts: try (0..<(try fields.readNumber(UInt32.self))).map { _ in try fields.readNumber() }
                    )
                )
            }
            // Numbers are counted from 1, and reckoned with.
            guard state.nextSeq >= 1, state.cuts.allSatisfy({ $0.firstSeq >= 1 }) else { return nil }
            let (spool, place) = (try fields.readText(), try fields.readNumber(UInt64.self))
            state.origin = spool.isEmpty ? nil : SpoolState.Origin(spool: spool, place: place)
            return (state, generation)
        } catch {
            return nil
        }
    }
}
