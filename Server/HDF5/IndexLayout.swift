/// What the header of an extensible array says of its blocks: HDF5 File Format Specification 3.0, VII.D.
struct IndexLayout {
    /// Without the checksum behind it.
    static let headerBytes = 12 + 7 * TornMetadata.addressBytes
    /// Where in the header the counts of elements and blocks are.
    static let countsPlace = 12
    /// Where in the header the index block's address is.
    static let addressPlace = 12 + 6 * TornMetadata.addressBytes
    private static let maskBytes = 4
    /// An entry at its longest: an address, the size of a chunk in 8 bytes, a mask.
    private static let mostElementBytes = 20
    /// What the library takes for pages. Each entry that is taken back costs a hash of its page.
    private static let mostPageBits: UInt8 = 10
    /// More than any file has room for.
    private static let mostLevels = 40

    /// Data blocks of one size.
    struct Level {
        /// How many blocks there are.
        let blocks: Int
        /// How many elements each has.
        let size: Int
        /// Where in the array the first one begins, behind the elements of the index block.
        let start: Int
        /// Where the first one says that it begins. Those that the index block points to say another place than theirs: the
        /// library adds all the blocks before them, in their own size (`H5EA__lookup_elmt`, HDF5 1.10).
        let saidStart: Int
        /// Whether a super block points to them, not the index block.
        let isSuper: Bool
        fileprivate let firstElements: Int

        /// The elements of a block, those of the index block included.
        func elements(of block: Int) -> Range<Int> {
            let first = firstElements + start + block * size
            return first..<(first + size)
        }
    }

    let isFiltered: Bool
    let elementBytes: Int
    /// How many elements the index block itself has.
    let firstElements: Int
    let pageElements: Int
    /// They have twice as many data blocks, or twice as large ones, in turn.
    let levels: [Level]
    /// How long the places of elements are that blocks begin with.
    private let offsetBytes: Int
    /// How many addresses of blocks the index block has.
    let firstAddresses: Int

    /// Of the bytes of a header, nil where they can't be one.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headerBytes, bytes[4] == 0, bytes[5] <= 1 else { return nil }
        isFiltered = bytes[5] == 1
        elementBytes = Int(bytes[6])
        let (mostBits, leastElements, leastPointers) = (Int(bytes[7]), Int(bytes[9]), Int(bytes[10]))
        firstElements = Int(bytes[8])
        let address = TornMetadata.addressBytes
        let sizes = isFiltered ? (address + Self.maskBytes + 1)...Self.mostElementBytes : address...address
        guard sizes.contains(elementBytes), (1...Self.mostPageBits).contains(bytes[11]), mostBits <= 64,
            leastElements.nonzeroBitCount == 1, leastPointers > 1, leastPointers.nonzeroBitCount == 1,
            mostBits > leastElements.trailingZeroBitCount
        else { return nil }
        pageElements = 1 << Int(bytes[11])
        offsetBytes = (mostBits + 7) / 8
        let (all, first) = (1 + mostBits - leastElements.trailingZeroBitCount, 2 * leastPointers.trailingZeroBitCount)
        firstAddresses = 2 * (leastPointers - 1) + max(0, all - first)
        var (levels, start, before): ([Level], Int, Int) = ([], 0, 0)
        for number in 0..<min(all, Self.mostLevels) {
            let (blocks, size) = (1 << (number / 2), leastElements << ((number + 1) / 2))
            levels.append(
                Level(
                    blocks: blocks,
                    size: size,
                    start: start,
                    saidStart: number < first ? start + before * size : start,
                    isSuper: number >= first,
                    firstElements: firstElements
                )
            )
            start += blocks * size
            before += blocks
        }
        self.levels = levels
    }

    /// The entry of a chunk that is not there.
    var absent: [UInt8] {
        let address = TornMetadata.addressBytes
        return [UInt8](repeating: 0xFF, count: address) + [UInt8](repeating: 0, count: elementBytes - address)
    }

    // MARK: Sizes, without the checksum at a block's end

    /// What data blocks and super blocks begin with.
    var prefixBytes: Int { 6 + TornMetadata.addressBytes + offsetBytes }

    /// Where in the index block its elements end, and the addresses begin.
    var addressesPlace: Int { 6 + TornMetadata.addressBytes + firstElements * elementBytes }

    var firstBlockBytes: Int { addressesPlace + firstAddresses * TornMetadata.addressBytes }

    /// How many pages a data block of a level has; 0 where it is small and has none.
    func pages(_ level: Level) -> Int { level.size > pageElements ? level.size / pageElements : 0 }

    /// Where in a super block the addresses begin: before them, each page of its data blocks has a bit.
    func addressesPlace(_ level: Level) -> Int { prefixBytes + level.blocks * ((pages(level) + 7) / 8) }

    func superBlockBytes(_ level: Level) -> Int { addressesPlace(level) + level.blocks * TornMetadata.addressBytes }

    /// With the checksums of its pages.
    func dataBlockBytes(_ level: Level) -> Int {
        prefixBytes + level.size * elementBytes + pages(level) * TornMetadata.checksumBytes
    }

    /// The level of the data block that says that it begins at a place of the array.
    func level(ofDataBlock offset: Int) -> Level? {
        levels.first { level in
            let place = offset - level.saidStart
            return place >= 0 && place < level.blocks * level.size && place.isMultiple(of: level.size)
        }
    }

    /// The level of the super block that begins at a place of the array.
    func level(ofSuperBlock offset: Int) -> Level? { levels.first { $0.isSuper && $0.start == offset } }
}
