import Glibc

/// Mends blocks of chunk indexes that a killed writer has left half written.
///
/// A kill ends a write between two pages of memory: a block of an extensible array then begins with new entries, and ends with
/// old ones and the checksum of what it was before. Entries are only added, so that version is found again: without some of
/// the last entries the checksum must be right. Nothing else is changed, and a block that was damaged otherwise stays as it is.
///
/// Formats: HDF5 File Format Specification 3.0, VII.D, Extensible Array Index; addresses and lengths have 8 bytes here.
struct TornIndex {
    private static let (block, header) = (Array("EADB".utf8), Array("EAHD".utf8))
    private static let (addressBytes, checksumBytes, maskBytes) = (8, 4, 4)

    /// What a header says of its data blocks.
    private struct Layout {
        let isFiltered: Bool
        let elementBytes: Int
        let offsetBytes: Int
        let leastElements: Int
        let pageElements: Int

        /// The entry of a chunk that is not there.
        var absent: [UInt8] {
            let rest = elementBytes - TornIndex.addressBytes
            return [UInt8](repeating: 0xFF, count: TornIndex.addressBytes) + [UInt8](repeating: 0, count: rest)
        }

        /// How many entries the data block has that begins at a place of the array, behind those of the index block.
        func elements(at offset: Int) -> Int? {
            var start = 0
            for level in 0..<40 {
                let (blocks, size) = (1 << (level / 2), leastElements << ((level + 1) / 2))
                if offset < start + blocks * size { return (offset - start).isMultiple(of: size) ? size : nil }
                start += blocks * size
            }
            return nil
        }
    }

    private let descriptor: FileDescriptor
    private let size: Int

    /// Mends a file; says how many blocks were torn.
    static func mend(_ path: String) throws(HDF5Error) -> Int {
        let descriptor = try FileDescriptor(path, O_RDWR)
        let index = TornIndex(descriptor: descriptor, size: Int(try descriptor.size()))
        var count = 0
        for place in try index.places(of: block) { count += try index.mendBlock(at: place) }
        if count > 0 { try descriptor.synchronize() }
        return count
    }

    /// Where a signature lies in the file, or something that looks like one.
    private func places(of signature: [UInt8]) throws(HDF5Error) -> [Int] {
        var found: [Int] = []
        let piece = 1 << 20
        for start in stride(from: 0, to: size, by: piece) {
            let bytes = try descriptor.read(piece + signature.count - 1, at: start)
            var place = 0
            while place + signature.count <= bytes.count {
                if bytes[place] == signature[0], bytes[place..<(place + signature.count)].elementsEqual(signature) {
                    found.append(start + place)
                }
                place += 1
            }
        }
        return found
    }

    private func mendBlock(at place: Int) throws(HDF5Error) -> Int {
        let start = try descriptor.read(6 + 2 * Self.addressBytes, at: place)
        guard start.count == 6 + 2 * Self.addressBytes, start[4] == 0,
            let layout = try layout(at: Self.number(start[6..<(6 + Self.addressBytes)])),
            start[5] == (layout.isFiltered ? 1 : 0)
        else { return 0 }
        let prefix = 6 + Self.addressBytes + layout.offsetBytes
        guard let count = layout.elements(at: Self.number(start[(6 + Self.addressBytes)..<prefix])) else { return 0 }
        guard count > layout.pageElements else {
            return try mend(count, of: layout, at: place, behind: prefix) ? 1 : 0
        }
        // A block with pages has a checksum of its beginning, and each page one of its own.
        let page = layout.pageElements * layout.elementBytes + Self.checksumBytes
        var mended = 0
        for number in 0..<(count / layout.pageElements) {
            let first = place + prefix + Self.checksumBytes + number * page
            if try mend(layout.pageElements, of: layout, at: first, behind: 0) { mended += 1 }
        }
        return mended
    }

    /// Mends entries and their checksum behind a prefix that belongs to them.
    private func mend(_ count: Int, of layout: Layout, at place: Int, behind prefix: Int) throws(HDF5Error) -> Bool {
        let length = prefix + count * layout.elementBytes
        var bytes = try descriptor.read(length + Self.checksumBytes, at: place)
        guard bytes.count == length + Self.checksumBytes else { return false }
        let expected = UInt32(truncatingIfNeeded: Self.number(bytes[length...]))
        if Lookup3.hash(bytes[..<length]) == expected { return false }
        let absent = layout.absent
        for number in stride(from: count - 1, through: 0, by: -1) {
            let entry = prefix + number * layout.elementBytes
            if bytes[entry..<(entry + absent.count)].elementsEqual(absent) { continue }
            bytes.replaceSubrange(entry..<(entry + absent.count), with: absent)
            guard Lookup3.hash(bytes[..<length]) == expected else { continue }
            try descriptor.write(bytes, at: place)
            return true
        }
        return false
    }

    private func layout(at place: Int) throws(HDF5Error) -> Layout? {
        let length = 12 + 7 * Self.addressBytes
        guard place > 0, place < size else { return nil }
        let bytes = try descriptor.read(length + Self.checksumBytes, at: place)
        guard bytes.count == length + Self.checksumBytes, bytes.starts(with: Self.header), bytes[4] == 0, bytes[5] <= 1,
            Lookup3.hash(bytes[..<length]) == UInt32(truncatingIfNeeded: Self.number(bytes[length...]))
        else { return nil }
        let (isFiltered, elementBytes, pageBits) = (bytes[5] == 1, Int(bytes[6]), Int(bytes[11]))
        let least = isFiltered ? Self.addressBytes + Self.maskBytes + 1 : Self.addressBytes
        guard elementBytes >= least, bytes[7] <= 64, bytes[9] > 0, pageBits <= 20 else { return nil }
        return Layout(
            isFiltered: isFiltered,
            elementBytes: elementBytes,
            offsetBytes: (Int(bytes[7]) + 7) / 8,
            leastElements: Int(bytes[9]),
            pageElements: 1 << pageBits
        )
    }

    /// A number, the lowest byte first; -1 where it is none that a place in a file can be.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        let number = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(exactly: number) ?? -1
    }
}

/// The hash function of HDF5's metadata: lookup3 by Bob Jenkins, 2006, as `hashlittle` with 0 at the start.
enum Lookup3 {
    static func hash(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let start = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count)
        var (a, b, c) = (start, start, start)
        var rest = bytes
        while rest.count > 12 {
            add(rest.prefix(12), &a, &b, &c)
            rest = rest.dropFirst(12)
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
        guard !rest.isEmpty else { return c }
        add(rest, &a, &b, &c)
        c = (c ^ b) &- turned(b, 14)
        a = (a ^ c) &- turned(c, 11)
        b = (b ^ a) &- turned(a, 25)
        c = (c ^ b) &- turned(b, 16)
        a = (a ^ c) &- turned(c, 4)
        b = (b ^ a) &- turned(a, 14)
        c = (c ^ b) &- turned(b, 24)
        return c
    }

    private static func add(_ bytes: ArraySlice<UInt8>, _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        var words: (UInt32, UInt32, UInt32) = (0, 0, 0)
        for (place, byte) in bytes.enumerated() {
            let word = UInt32(byte) << UInt32(8 * (place % 4))
            switch place / 4 {
            case 0: words.0 |= word
            case 1: words.1 |= word
            default: words.2 |= word
            }
        }
        a = a &+ words.0
        b = b &+ words.1
        c = c &+ words.2
    }

    private static func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}
