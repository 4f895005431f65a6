/// Bytes to which numbers are added.
struct LittleEndianBytes {
    var bytes: [UInt8] = []

    mutating func append16(_ number: UInt16) { append(UInt64(number), 2) }
    mutating func append32(_ number: UInt32) { append(UInt64(number), 4) }
    mutating func append64(_ number: UInt64) { append(number, 8) }

    private mutating func append(_ number: UInt64, _ count: Int) {
        for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * place))) }
    }
}
