extension TornMetadata {
    private static let absentAddress = [UInt8](repeating: 0xFF, count: addressBytes)

    /// Says how much of a block was mended, and how long it is; nil where none is.
    func mendIndexBlock(_ signature: Signature, at place: Int) throws(HDF5Error) -> (mended: Int, length: Int)? {
        let start = try descriptor.read(6 + 2 * Self.addressBytes, at: place)
        guard start.count == 6 + 2 * Self.addressBytes, start[4] == 0,
            let layout = try layout(at: Self.number(start[6..<(6 + Self.addressBytes)])),
            start[5] == (layout.isFiltered ? 1 : 0)
        else { return nil }
        guard signature != .indexBlock else { return try mendFirstBlock(layout, at: place) }
        let prefix = 6 + Self.addressBytes + layout.offsetBytes
        let offset = Self.number(start[(6 + Self.addressBytes)..<prefix])
        return signature == .superBlock
            ? try mendSuperBlock(layout, at: place, behind: prefix, offset)
            : try mendDataBlock(layout, at: place, behind: prefix, offset)
    }

    /// The layout that an index header whose checksum is right tells.
    private func layout(at place: Int) throws(HDF5Error) -> IndexLayout? {
        guard place > 0, place < size else { return nil }
        let bytes = try descriptor.read(IndexLayout.headerBytes + Self.checksumBytes, at: place)
        guard bytes.count == IndexLayout.headerBytes + Self.checksumBytes,
            Self.number(bytes[..<4]) == Int(Signature.indexHeader.rawValue),
            Lookup3.hash(bytes[..<IndexLayout.headerBytes])
                == UInt32(truncatingIfNeeded: Self.number(bytes[IndexLayout.headerBytes...]))
        else { return nil }
        return IndexLayout(bytes[...])
    }

    /// The index block: the first entries, then the addresses of data blocks, then of super blocks.
    private func mendFirstBlock(_ layout: IndexLayout, at place: Int) throws(HDF5Error) -> (Int, Int)? {
        let entries = 6 + Self.addressBytes
        let addresses = entries + layout.firstElements * layout.elementBytes
        let count = layout.firstDataBlocks + layout.superBlocks
        let length = addresses + count * Self.addressBytes
        let isMended = try mend(length, at: place) { bytes in
            Self.takeBackAddress(&bytes, behind: addresses, count)
                || Self.takeBackEntry(&bytes, behind: entries, layout.firstElements, layout)
        }
        return (isMended ? 1 : 0, length + Self.checksumBytes)
    }

    /// A super block: which pages of its data blocks were begun, a bit each, then the addresses of those.
    private func mendSuperBlock(
        _ layout: IndexLayout,
        at place: Int,
        behind prefix: Int,
        _ offset: Int
    ) throws(HDF5Error) -> (Int, Int)? {
        guard let (blocks, elements) = layout.superBlock(at: offset) else { return nil }
        let bitBytes = elements > layout.pageElements ? (elements / layout.pageElements + 7) / 8 : 0
        let addresses = prefix + blocks * bitBytes
        let length = addresses + blocks * Self.addressBytes
        guard place + length <= size else { return nil }
        let isMended = try mend(length, at: place) { bytes in
            // A block's pages begin after it, and before the next one.
            let page = (prefix..<addresses).last { bytes[$0] != 0 }
            let block = Self.lastAddress(bytes, behind: addresses, blocks)
            if let page, (page - prefix) / bitBytes >= block ?? 0 {
                bytes[page] &= bytes[page] - 1
                return true
            }
            return Self.takeBackAddress(&bytes, behind: addresses, blocks)
        }
        return (isMended ? 1 : 0, length + Self.checksumBytes)
    }

    private func mendDataBlock(
        _ layout: IndexLayout,
        at place: Int,
        behind prefix: Int,
        _ offset: Int
    ) throws(HDF5Error) -> (Int, Int)? {
        guard let count = layout.elements(at: offset) else { return nil }
        guard count > layout.pageElements else {
            let length = prefix + count * layout.elementBytes
            let isMended = try mend(length, at: place) { Self.takeBackEntry(&$0, behind: prefix, count, layout) }
            return (isMended ? 1 : 0, length + Self.checksumBytes)
        }
        // A block with pages has a checksum of its beginning, and each page one of its own.
        let pageBytes = layout.pageElements * layout.elementBytes
        let pages = count / layout.pageElements
        let first = place + prefix + Self.checksumBytes
        var mended = 0
        for page in 0..<pages {
            let isMended = try mend(pageBytes, at: first + page * (pageBytes + Self.checksumBytes)) {
                Self.takeBackEntry(&$0, behind: 0, layout.pageElements, layout)
            }
            if isMended { mended += 1 }
        }
        return (mended, prefix + Self.checksumBytes + pages * (pageBytes + Self.checksumBytes))
    }

    // MARK: A step back

    private static func takeBackEntry(
        _ bytes: inout [UInt8],
        behind prefix: Int,
        _ count: Int,
        _ layout: IndexLayout
    ) -> Bool {
        let absent = layout.absent
        for number in stride(from: count - 1, through: 0, by: -1) {
            let entry = prefix + number * layout.elementBytes
            if bytes[entry..<(entry + absent.count)].elementsEqual(absent) { continue }
            // Of pages that were never begun the file may have anything; no chunk lies at its beginning.
            if bytes[entry..<(entry + addressBytes)].allSatisfy({ $0 == 0 }) { return false }
            bytes.replaceSubrange(entry..<(entry + absent.count), with: absent)
            return true
        }
        return false
    }

    private static func takeBackAddress(_ bytes: inout [UInt8], behind prefix: Int, _ count: Int) -> Bool {
        guard let last = lastAddress(bytes, behind: prefix, count) else { return false }
        let place = prefix + last * addressBytes
        bytes.replaceSubrange(place..<(place + addressBytes), with: absentAddress)
        return true
    }

    private static func lastAddress(_ bytes: [UInt8], behind prefix: Int, _ count: Int) -> Int? {
        (0..<count).last { number in
            let place = prefix + number * addressBytes
            return !bytes[place..<(place + addressBytes)].elementsEqual(absentAddress)
        }
    }
}
