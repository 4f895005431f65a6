/// The layout of a spool's files; all numbers are little-endian.
///
/// A segment is a header of 64 bytes, then records: `length` (32 bits), CRC-32C of sequence and payload (32 bits), the
/// record's sequence number (64 bits, from 1), the payload, zeros to the next multiple of 8. A record's place is counted
/// in bytes over all segments of a spool, without their headers; a segment is named after the place of its first byte.
enum Segment {
    static let magic: [UInt8] = Array("HFSPOOL1".utf8)
    static let headerSize = 64
    /// Where the header has the place of the first record.
    static let baseOffset = 8
    /// Where it has the bytes of whole records that follow; the last store of every append.
    static let tailOffset = 16
    static let recordHeaderSize = 16

    static func name(base: UInt64) -> String {
        let digits = String(base, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".segment"
    }

    /// The base that a file's name tells.
    static func base(ofName name: String) -> UInt64? {
        guard let base = UInt64(name.prefix(16), radix: 16), Self.name(base: base) == name else { return nil }
        return base
    }

    /// The bytes of a record with its header.
    static func recordSize(payload: Int) -> Int { recordHeaderSize + (payload + 7) / 8 * 8 }
}
