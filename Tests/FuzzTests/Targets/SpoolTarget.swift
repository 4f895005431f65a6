import CSpool
import Foundation
import NIOCore
import Wire

@testable import Holdfast
@testable import ServerTests

/// What a process left in its spool: reading ends, gives no record whose checksum is wrong, and what it gives can be sent.
///
/// The first byte of an input says what follows: a segment's file, records' payloads (each behind two bytes of length) for
/// which a right segment is made, the file of the state, or the content of a state for which a right checksum is made.
struct SpoolTarget: FuzzTarget {
    static let name = "spool"
    static let rounds = 500
    private static let limits = FrameLimits(payload: 1 << 20, attachments: 1 << 20)

    private let directory: TemporaryDirectory
    private let folder: SpoolFolder

    init() throws {
        directory = try TemporaryDirectory()
        folder = SpoolFolder(path: directory.file("spool"))
        try Files.makeFolder(folder.path)
    }

    func run(_ bytes: [UInt8]) throws {
        guard let kind = bytes.first else { return }
        let content = Array(bytes.dropFirst())
        let standard = SpoolState(producer: "00000000-0000-4000-8000-00000000000a", server: "host:1")
        let standardState = Self.slot(of: Self.content(of: standard))
        switch kind % 4 {
        case 0: try check(segment: content, state: standardState)
        case 1: try check(segment: Self.segment(ofPayloads: content), state: standardState)
        case 2: try check(segment: Self.example, state: content)
        default: try check(segment: Self.example, state: Self.slot(of: content))
        }
    }

    private func check(segment: [UInt8], state: [UInt8]) throws {
        for name in try Files.names(in: folder.path) { Files.remove("\(folder.path)/\(name)") }
        let base = segment.count < 16 ? 0 : Self.number(segment, at: Segment.baseOffset, UInt64.self)
        let path = "\(folder.path)/\(Segment.name(base: base))"
        try Data(segment).write(to: URL(fileURLWithPath: path))
        try Data(state).write(to: URL(fileURLWithPath: "\(folder.path)/\(SpoolStateFile.name)"))
        try read(segment, from: base)
        try send()
    }

    private func read(_ segment: [UInt8], from base: UInt64) throws {
        let reader = SpoolReader(folder)
        var place = base
        while let entry = try reader.entry(at: place) {
            try demand(entry.end > place && entry.size >= Segment.recordHeaderSize, "a record ends at \(entry.end)")
            let start = Segment.headerSize + Int(place - base)
            let length = Int(Self.number(segment, at: start, UInt32.self))
            let sum = Self.checksum(Array(segment[(start + 8)..<(start + 16 + length)]))
            let written = Self.number(segment, at: start + 4, UInt32.self)
            try demand(sum == written, "a record's checksum is \(written), not \(sum)")
            place = entry.end
        }
        try demand(try reader.isEnd(at: place), "there is no record at \(place), and no end")
    }

    /// Does what whoever sends the spool of a dead process does.
    private func send() throws {
        let queue: SpoolQueue
        do {
            guard let left = try SpoolQueue(left: folder, for: nil) else { throw Finding("the lock is taken") }
            queue = left
        } catch is SpoolDamage {
            return
        }
        var outbox = try queue.resume()
        var last = queue.place
        while let batch = try queue.next(records: 100, bytes: 1 << 20, limit: nil) {
            try demand(batch.end > last, "a batch ends at \(batch.end), the one before at \(last)")
            last = batch.end
            let ordinal = queue.nextOrdinal()
            let (requests, unsendable) = BatchSplitter.split(batch, limits: Self.limits, ordinal: ordinal)
            let count = requests.reduce(0) { $0 + $1.records } + unsendable.reduce(0) { $0 + $1.records }
            try demand(count == batch.records, "\(batch.records) records became \(count)")
            for request in requests {
                _ = try request.encode(id: 1, stamp: nil)
                outbox.add(request)
            }
            queue.admit(batch, ordinal: ordinal, limits: Self.limits, parts: requests.map(\.part), outbox)
        }
        for request in outbox.items { _ = queue.settle(request, outbox) }
        _ = try queue.followsItsOrigin()
    }

    // MARK: Right files

    private static let example = segment(
        ofPayloads: [3, 0, 9, 9, 9, 3, 0, 8, 8, 8]
    )

    private static func segment(ofPayloads bytes: [UInt8]) -> [UInt8] {
        var (rest, records, sequence) = (bytes[...], [UInt8](), UInt64(0))
        while rest.count >= 2 {
            let length = Int(rest.removeFirst()) | Int(rest.removeFirst()) << 8
            let payload = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            sequence += 1
            let body = little(sequence) + payload
            records += little(UInt32(payload.count)) + little(checksum(body)) + body
            records += [UInt8](repeating: 0, count: (8 - payload.count % 8) % 8)
        }
        let header = Segment.magic + little(UInt64(0)) + little(UInt64(records.count))
        return header + [UInt8](repeating: 0, count: Segment.headerSize - header.count) + records
    }

    private static func content(of state: SpoolState) -> [UInt8] {
        var bytes: [UInt8] = []
        for text in [state.producer, state.server] { bytes += little(UInt32(text.utf8.count)) + Array(text.utf8) }
        return bytes + little(state.head) + little(state.nextSeq) + little(UInt32(0)) + little(UInt32(0))
            + little(UInt64(0))
    }

    /// The file of a state, of which one slot is written.
    private static func slot(of content: [UInt8]) -> [UInt8] {
        let head = little(UInt32(0x3153_4648)) + little(UInt32(content.count)) + little(UInt64(2))
        return head + little(checksum(head + content)) + little(UInt32(0)) + content
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { bytes in bytes.baseAddress.map { cspool_crc32c(0, $0, bytes.count) } ?? 0 }
    }

    private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private static func number<Number: FixedWidthInteger>(_ bytes: [UInt8], at place: Int, _: Number.Type) -> Number {
        bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Number.self)) }
    }
}
