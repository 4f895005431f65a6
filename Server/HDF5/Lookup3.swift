/// The hash function of HDF5's metadata: lookup3 by Bob Jenkins, 2006, as `hashlittle` with 0 at the start.
enum Lookup3 {
    private static let blockBytes = 12

    static func hash(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.withUnsafeBytes(hash) }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let start = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count)
        var (a, b, c) = (start, start, start)
        var place = 0
        while bytes.count - place > blockBytes {
            add(bytes, at: place, &a, &b, &c)
            place += blockBytes
            a = (a &- c) ^ turned(c, 4)
            c = c &+ b
            b = (b &- a) ^ turned(a, 6)
            a = a &+ c
            c = (c &- b) ^ turned(b, 8)
            b = b &+ a
            a = (a &- c) ^ turned(c, 16)
            c = c &+ b
            b = (b &- a) ^ turned(a, 19)
            a = a &+ c
            c = (c &- b) ^ turned(b, 4)
            b = b &+ a
        }
        guard place < bytes.count else { return c }
        // The last block, filled up with zeros.
        withUnsafeTemporaryAllocation(byteCount: blockBytes, alignment: 4) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            block.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place...]))
            add(UnsafeRawBufferPointer(block), at: 0, &a, &b, &c)
        }
        c = (c ^ b) &- turned(b, 14)
        a = (a ^ c) &- turned(c, 11)
        b = (b ^ a) &- turned(a, 25)
        c = (c ^ b) &- turned(b, 16)
        a = (a ^ c) &- turned(c, 4)
        b = (b ^ a) &- turned(a, 14)
        c = (c ^ b) &- turned(b, 24)
        return c
    }

    private static func add(
        _ bytes: UnsafeRawBufferPointer,
        at place: Int,
        _ a: inout UInt32,
        _ b: inout UInt32,
        _ c: inout UInt32
    ) {
        a = a &+ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        b = b &+ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
        c = c &+ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt32.self))
    }

    private static func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}
