extension TornMetadata {
    private static let absentAddress = [UInt8](repeating: 0xFF, count: addressBytes)
    private static let blockHeadBytes = 6 + 2 * addressBytes

    /// A block of an index, or what looked like one.
    struct IndexBlock {
        /// How many parts of it were mended.
        let mended: Int
        let length: Int
        let isSound: Bool
    }

    /// Mends a block of an index; nil where none is.
    func mendIndexBlock(_ signature: Signature, at place: Int) throws(HDF5Error) -> IndexBlock? {
        let start = try descriptor.read(Self.blockHeadBytes, at: place)
        guard start.count == Self.blockHeadBytes,
            let layout = try layout(at: Self.number(start[6..<(6 + Self.addressBytes)])),
            start[5] == (layout.isFiltered ? 1 : 0)
        else { return nil }
        let offset = Self.number(start[(6 + Self.addressBytes)..<layout.prefixBytes])
        switch signature {
        case .superBlock: return try mendSuperBlock(layout, at: place, offset)
        case .dataBlock: return try mendDataBlock(layout, at: place, offset)
        default: return try mendFirstBlock(layout, at: place)
        }
    }

    /// The layout that an index header whose checksum is right tells.
    private func layout(at place: Int) throws(HDF5Error) -> IndexLayout? {
        guard let bytes = try soundBytes(.indexHeader, at: place, IndexLayout.headerBytes) else { return nil }
        return IndexLayout(bytes)
    }

    /// A structure of a kind and a length, with its checksum; nil where there is none whose checksum is right.
    private func soundBytes(_ signature: Signature, at place: Int, _ length: Int) throws(HDF5Error) -> [UInt8]? {
        guard place > 0, place <= size, place <= size - length - Self.checksumBytes else { return nil }
        let bytes = try descriptor.read(length + Self.checksumBytes, at: place)
        guard Self.number(bytes[..<4]) == Int(signature.rawValue), isSound(bytes[...]) else { return nil }
        return bytes
    }

    /// The index block: the first entries, then the addresses of data blocks, then of super blocks.
    private func mendFirstBlock(_ layout: IndexLayout, at place: Int) throws(HDF5Error) -> IndexBlock {
        let addresses = layout.addressesPlace
        let outcome = try mend(layout.firstBlockBytes, at: place) { bytes in
            Self.takeBackAddress(&bytes, behind: addresses, layout.firstAddresses)
                || Self.takeBackEntry(
                    &bytes,
                    behind: addresses - layout.firstElements * layout.elementBytes,
                    layout.firstElements,
                    layout
                )
        }
        return block(outcome, layout.firstBlockBytes)
    }

    /// A super block: which pages of its data blocks were begun, a bit each, then the addresses of those.
    private func mendSuperBlock(_ layout: IndexLayout, at place: Int, _ offset: Int) throws(HDF5Error) -> IndexBlock? {
        guard let level = layout.level(ofSuperBlock: offset) else { return nil }
        let (prefix, addresses, pages) = (layout.prefixBytes, layout.addressesPlace(level), layout.pages(level))
        let outcome = try mend(layout.superBlockBytes(level), at: place) { bytes in
            // A block's pages begin after it, and before the next one.
            let last = (prefix..<addresses).last { bytes[$0] != 0 }
            if let last {
                // The highest bit is the first.
                let page = (last - prefix) * 8 + 7 - bytes[last].trailingZeroBitCount
                if page / pages >= Self.lastAddress(bytes, behind: addresses, level.blocks) ?? 0 {
                    bytes[last] &= bytes[last] - 1
                    return true
                }
            }
            return Self.takeBackAddress(&bytes, behind: addresses, level.blocks)
        }
        return block(outcome, layout.superBlockBytes(level))
    }

    private func mendDataBlock(_ layout: IndexLayout, at place: Int, _ offset: Int) throws(HDF5Error) -> IndexBlock? {
        guard let level = layout.level(ofDataBlock: offset), place + layout.dataBlockBytes(level) <= size else {
            return nil
        }
        let (prefix, pages) = (layout.prefixBytes, layout.pages(level))
        guard pages > 0 else {
            let outcome = try mend(layout.dataBlockBytes(level), at: place) {
                Self.takeBackEntry(&$0, behind: prefix, level.size, layout)
            }
            return block(outcome, layout.dataBlockBytes(level))
        }
        // A block with pages has a checksum of its beginning, and each page one of its own.
        let isSound = isSound(try descriptor.read(prefix + Self.checksumBytes, at: place)[...])
        let pageBytes = layout.pageElements * layout.elementBytes
        var mended = 0
        for page in 0..<pages {
            let first = place + prefix + Self.checksumBytes + page * (pageBytes + Self.checksumBytes)
            let outcome = try mend(pageBytes, at: first) {
                Self.takeBackEntry(&$0, behind: 0, layout.pageElements, layout)
            }
            if outcome == .mended { mended += 1 }
        }
        return IndexBlock(mended: mended, length: layout.dataBlockBytes(level) + Self.checksumBytes, isSound: isSound)
    }

    private func block(_ outcome: Outcome, _ length: Int) -> IndexBlock {
        IndexBlock(
            mended: outcome == .mended ? 1 : 0,
            length: length + Self.checksumBytes,
            isSound: outcome != .damaged
        )
    }

    // MARK: What an index has

    /// A data block that an index has.
    struct DataBlock {
        let elements: Range<Int>
        let bytes: Int
        /// Of the super block that was made for it.
        let superBytes: Int
    }

    /// The data blocks of an index, in the order in which rows that are appended need them; nil where what points to them is not
    /// sound.
    func dataBlocks(_ layout: IndexLayout, firstBlock place: Int) throws(HDF5Error) -> [DataBlock]? {
        guard let bytes = try soundBytes(.indexBlock, at: place, layout.firstBlockBytes) else { return nil }
        var found: [DataBlock] = []
        var address = layout.addressesPlace
        for level in layout.levels {
            var (superBytes, blocks, first) = (0, bytes, address)
            if level.isSuper {
                address += Self.addressBytes
                guard Self.hasAddress(bytes, at: first) else { continue }
                superBytes = layout.superBlockBytes(level)
                let place = Self.number(bytes[first..<address])
                guard let found = try soundBytes(.superBlock, at: place, superBytes) else { return nil }
                (blocks, first) = (found, layout.addressesPlace(level))
            } else {
                address += level.blocks * Self.addressBytes
            }
            for block in 0..<level.blocks where Self.hasAddress(blocks, at: first + block * Self.addressBytes) {
                found.append(
                    DataBlock(
                        elements: level.elements(of: block),
                        bytes: layout.dataBlockBytes(level) + Self.checksumBytes,
                        superBytes: superBytes > 0 ? superBytes + Self.checksumBytes : 0
                    )
                )
                superBytes = 0
            }
        }
        return found
    }

    private static func hasAddress(_ bytes: [UInt8], at place: Int) -> Bool {
        !bytes[place..<(place + addressBytes)].elementsEqual(absentAddress)
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
        (0..<count).last { hasAddress(bytes, at: prefix + $0 * addressBytes) }
    }
}
