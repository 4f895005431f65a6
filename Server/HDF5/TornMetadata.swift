import Glibc

/// Mends metadata that a killed writer has left half written.
///
/// A kill ends a write between two pages of memory: what lies across them then begins with what it was to become, and ends with
/// what it was, and with the checksum of that. Rows and chunks are only added, so what it was is found again: some of the last
/// are taken back until that checksum is right. Nothing is changed without that proof, and what was damaged otherwise stays as it
/// is.
///
/// Formats: HDF5 File Format Specification 3.0, IV.A.1.b (object headers) and VII.D (extensible arrays); addresses and lengths
/// have 8 bytes here.
struct TornMetadata {
    static let (addressBytes, checksumBytes) = (8, 4)

    let descriptor: FileDescriptor
    let size: Int
    let uncommittedRows: Int

    /// Mends a file; says how many structures were torn.
    ///
    /// - Parameters:
    ///   - committedRows: How many rows datasets have.
    ///   - uncommittedRows: How many more they may have had, of groups that were not committed.
    static func mend(
        _ path: String,
        committedRows: Set<Int>,
        uncommittedRows: Int = 1 << 16
    ) throws(HDF5Error) -> Int {
        let descriptor = try FileDescriptor(path, O_RDWR)
        let file = TornMetadata(
            descriptor: descriptor,
            size: Int(try descriptor.size()),
            uncommittedRows: uncommittedRows
        )
        let places = try file.places()
        var (count, end) = (0, 0)
        for (place, signature) in places where signature == .objectHeader {
            if try file.mendObjectHeader(at: place, committedRows) { count += 1 }
        }
        // What the blocks of an index are, its header says.
        for (place, signature) in places where signature == .indexHeader {
            if try file.mendIndexHeader(at: place) { count += 1 }
        }
        // What looks like a block within another one is none.
        for (place, signature) in places where signature.isIndexBlock && place >= end {
            guard let (mended, length) = try file.mendIndexBlock(signature, at: place) else { continue }
            count += mended
            end = place + length
        }
        if count > 0 { try descriptor.synchronize() }
        return count
    }

    enum Signature: UInt32 {
        case objectHeader = 0x5244_484F
        case indexHeader = 0x4448_4145
        case indexBlock = 0x4249_4145
        case superBlock = 0x4253_4145
        case dataBlock = 0x4244_4145

        var isIndexBlock: Bool { self == .indexBlock || self == .superBlock || self == .dataBlock }
    }

    /// Where signatures lie in the file, or what looks like one.
    private func places() throws(HDF5Error) -> [(Int, Signature)] {
        var found: [(Int, Signature)] = []
        let piece = 1 << 20
        for start in stride(from: 0, to: size, by: piece) {
            let bytes = try descriptor.read(piece + 3, at: start)
            var word: UInt32 = 0
            for (place, byte) in bytes.enumerated() {
                word = word >> 8 | UInt32(byte) << 24
                if place >= 3, let signature = Signature(rawValue: word) {
                    found.append((start + place - 3, signature))
                }
            }
        }
        return found
    }

    /// Mends what has a checksum behind it, if that is wrong.
    ///
    /// - Parameter takeBack: Makes of the bytes what they may have been a step before; says whether there was one.
    func mend(_ length: Int, at place: Int, _ takeBack: (inout [UInt8]) -> Bool) throws(HDF5Error) -> Bool {
        let whole = try descriptor.read(length + Self.checksumBytes, at: place)
        guard whole.count == length + Self.checksumBytes else { return false }
        let expected = UInt32(truncatingIfNeeded: Self.number(whole[length...]))
        var bytes = Array(whole[..<length])
        if Lookup3.hash(bytes[...]) == expected { return false }
        while takeBack(&bytes) {
            guard Lookup3.hash(bytes[...]) == expected else { continue }
            try descriptor.write(bytes, at: place)
            return true
        }
        return false
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
