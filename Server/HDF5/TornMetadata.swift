import Glibc

/// Mends metadata that a killed writer has left half written.
///
/// A kill ends a write between two pages of memory: what lies across them then begins with what it was to become, and ends with
/// what it was, and with the checksum of that. While rows are appended, rows and chunks are only added, so what it was is found
/// again: some of the last are taken back until that checksum is right. Nothing is changed without it, and what was damaged
/// otherwise stays as it is. Rows are cut off by repairs only, which have a `RepairLog`.
///
/// Formats: HDF5 File Format Specification 3.0, IV.A.1.b (object headers) and VII.D (extensible arrays); addresses and lengths
/// have 8 bytes here.
final class TornMetadata {
    static let (addressBytes, checksumBytes) = (8, 4)
    /// So many bytes are hashed at most: what was torn needs a few thousand, but a file may have been made to look torn.
    private static let mostHashed = 1 << 30

    /// What a structure was may show only when the one that it points to, or that points to it, is mended.
    private static let mostPasses = 8

    let descriptor: FileDescriptor
    let size: Int
    /// How many rows datasets have that are committed.
    let committedRows: [Int]
    /// How many more they may have had, of groups that were not committed.
    let uncommittedRows: Int
    private var hashed = 0

    /// How many rows a dataset may have had before the last group.
    private(set) lazy var possibleRows: [Int] = {
        var found: [Int] = []
        for count in committedRows {
            let first = max(count, found.last.map { $0 + 1 } ?? 0)
            if first <= count + uncommittedRows { found += first...(count + uncommittedRows) }
        }
        return found
    }()

    private init(_ path: String, committedRows: Set<Int>, uncommittedRows: Int) throws(HDF5Error) {
        descriptor = try FileDescriptor(path, O_RDWR)
        size = Int(try descriptor.size())
        self.committedRows = committedRows.sorted()
        self.uncommittedRows = uncommittedRows
    }

    /// Mends a file; says how many structures were torn.
    static func mend(
        _ path: String,
        committedRows: Set<Int>,
        uncommittedRows: Int = 1 << 17
    ) throws(HDF5Error) -> Int {
        let file = try TornMetadata(path, committedRows: committedRows, uncommittedRows: uncommittedRows)
        var count = 0
        for _ in 0..<mostPasses {
            let mended = try file.mend()
            if mended == 0 { break }
            count += mended
        }
        if count > 0 { try file.descriptor.synchronize() }
        return count
    }

    private func mend() throws(HDF5Error) -> Int {
        let places = try places()
        var (count, end) = (0, 0)
        for (place, signature) in places where signature == .objectHeader {
            if try mendObjectHeader(at: place) == .mended { count += 1 }
        }
        // What the blocks of an index are, its header says.
        for (place, signature) in places where signature == .indexHeader {
            if try mendIndexHeader(at: place) == .mended { count += 1 }
        }
        // What looks like a block within another one is none.
        for (place, signature) in places where signature.isIndexBlock && place >= end {
            guard let block = try mendIndexBlock(signature, at: place) else { continue }
            count += block.mended
            if block.isSound { end = place + block.length }
        }
        return count
    }

    enum Signature: UInt32 {
        case objectHeader = 0x5244_484F
        case indexHeader = 0x4448_4145
        case indexBlock = 0x4249_4145
        case superBlock = 0x4253_4145
        case dataBlock = 0x4244_4145

        var isIndexBlock: Bool { self == .indexBlock || self == .superBlock || self == .dataBlock }
        /// What follows the signature.
        var version: UInt8 { self == .objectHeader ? 2 : 0 }
    }

    /// How a structure is, or was.
    enum Outcome {
        case sound
        case mended
        case damaged
    }

    /// Where signatures lie in the file, or what looks like one.
    private func places() throws(HDF5Error) -> [(Int, Signature)] {
        var found: [(Int, Signature)] = []
        let piece = 1 << 20
        for start in stride(from: 0, to: size, by: piece) {
            try descriptor.read(piece + 4, at: start).withUnsafeBytes { bytes in
                for place in 0..<max(0, bytes.count - 4) where bytes[place] == 0x45 || bytes[place] == 0x4F {
                    let word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
                    guard let signature = Signature(rawValue: word), bytes[place + 4] == signature.version else {
                        continue
                    }
                    found.append((start + place, signature))
                }
            }
        }
        return found
    }

    /// Whether the checksum behind a structure is right.
    func isSound(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count > Self.checksumBytes else { return false }
        return Lookup3.hash(bytes.dropLast(Self.checksumBytes))
            == UInt32(truncatingIfNeeded: Self.number(bytes.suffix(Self.checksumBytes)))
    }

    /// Mends what has a checksum behind it, if that is wrong.
    ///
    /// - Parameter takeBack: Makes of the bytes what they may have been before; says whether there was anything more.
    func mend(_ length: Int, at place: Int, _ takeBack: (inout [UInt8]) -> Bool) throws(HDF5Error) -> Outcome {
        guard place + length + Self.checksumBytes <= size else { return .damaged }
        let whole = try descriptor.read(length + Self.checksumBytes, at: place)
        guard whole.count == length + Self.checksumBytes else { return .damaged }
        if isSound(whole[...]) { return .sound }
        let expected = UInt32(truncatingIfNeeded: Self.number(whole[length...]))
        var bytes = Array(whole[..<length])
        while hashed < Self.mostHashed, takeBack(&bytes) {
            hashed += bytes.count
            guard Lookup3.hash(bytes[...]) == expected else { continue }
            try descriptor.write(bytes, at: place)
            return .mended
        }
        return .damaged
    }

    /// A number, the lowest byte first; -1 where it is none that a place in a file can be.
    static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        let number = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(exactly: number) ?? -1
    }

    static func write(_ number: Int, to bytes: inout [UInt8], at place: Int) {
        for byte in 0..<8 { bytes[place + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
    }
}
