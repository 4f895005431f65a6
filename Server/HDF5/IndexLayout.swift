/// What the header of an extensible array says of its blocks: HDF5 File Format Specification 3.0, VII.D.
struct IndexLayout {
    /// Without the checksum behind it.
    static let headerBytes = 12 + 7 * TornMetadata.addressBytes
    /// Where in the header the counts of elements and blocks are.
    static let countsPlace = 12
    private static let maskBytes = 4
    /// An entry at its longest: an address, the size of a chunk in 8 bytes, a mask.
    private static let mostElementBytes = 20
    /// What the library takes for pages. Each entry that is taken back costs a hash of its page.
    private static let mostPageBits = 10

    let isFiltered: Bool
    let elementBytes: Int
    /// How many elements the index block itself has.
    let firstElements: Int
    private let mostBits: Int
    private let leastElements: Int
    private let leastPointers: Int
    let pageElements: Int

    /// Of the bytes of a header, nil where they can't be one.
    init?(_ bytes: ArraySlice<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count >= Self.headerBytes, bytes[4] == 0, bytes[5] <= 1 else { return nil }
        isFiltered = bytes[5] == 1
        elementBytes = Int(bytes[6])
        mostBits = Int(bytes[7])
        firstElements = Int(bytes[8])
        leastElements = Int(bytes[9])
        leastPointers = Int(bytes[10])
        pageElements = 1 << Int(min(bytes[11], 63))
        let address = TornMetadata.addressBytes
        let sizes = isFiltered ? (address + Self.maskBytes + 1)...Self.mostElementBytes : address...address
        guard sizes.contains(elementBytes), bytes[11] <= Self.mostPageBits, mostBits <= 64,
            leastElements.nonzeroBitCount == 1, leastPointers > 1, leastPointers.nonzeroBitCount == 1,
            mostBits > leastElements.trailingZeroBitCount
        else { return nil }
    }

    /// How long the places of elements are that blocks begin with.
    var offsetBytes: Int { (mostBits + 7) / 8 }

    /// How many data blocks the index block itself points to.
    var firstDataBlocks: Int { 2 * (leastPointers - 1) }

    /// How many super blocks it points to.
    var superBlocks: Int { max(0, levels - firstLevels) }

    /// The entry of a chunk that is not there.
    var absent: [UInt8] {
        let address = TornMetadata.addressBytes
        return [UInt8](repeating: 0xFF, count: address) + [UInt8](repeating: 0, count: elementBytes - address)
    }

    /// Levels have twice as many data blocks, or twice as large ones, in turn.
    private var levels: Int { 1 + mostBits - leastElements.trailingZeroBitCount }
    private var firstLevels: Int { 2 * leastPointers.trailingZeroBitCount }

    private func level(_ number: Int) -> (blocks: Int, elements: Int) {
        (1 << (number / 2), leastElements << ((number + 1) / 2))
    }

    /// How many elements the data block has that says that it begins at a place of the array, behind those of the index block.
    ///
    /// Those that the index block points to say another place than theirs: the library adds all the blocks before them, in their
    /// own size, to where their level begins (`H5EA__lookup_elmt`, HDF5 1.10).
    func elements(at offset: Int) -> Int? {
        var (start, first) = (0, 0)
        for number in 0..<min(levels, 40) {
            let (blocks, elements) = level(number)
            let said = number < firstLevels ? start + first * elements : start
            if offset >= said, offset < said + blocks * elements, (offset - said).isMultiple(of: elements) {
                return elements
            }
            start += blocks * elements
            first += blocks
        }
        return nil
    }

    /// How many data blocks, of how many elements, the super block has that begins at a place of the array.
    func superBlock(at offset: Int) -> (blocks: Int, elements: Int)? {
        var start = 0
        for number in 0..<min(levels, 40) {
            let (blocks, elements) = level(number)
            if offset == start { return number >= firstLevels ? (blocks, elements) : nil }
            start += blocks * elements
        }
        return nil
    }

    /// What the header counts while elements are added, one after another.
    struct Counts {
        private(set) var elements = 0
        private var (superBlocks, superBytes, dataBlocks, dataBytes, room) = (0, 0, 0, 0, 0)
        private var (level, block) = (0, 0)

        init(_ layout: IndexLayout) { room = layout.firstElements }

        /// In the order of the header.
        var fields: [Int] { [superBlocks, superBytes, dataBlocks, dataBytes, elements, room] }

        /// Adds an element, with the blocks that it needs; says whether there can be one more.
        mutating func add(_ layout: IndexLayout) -> Bool {
            elements += 1
            guard elements > room else { return true }
            guard level < min(layout.levels, 40) else { return false }
            let (blocks, size) = layout.level(level)
            let prefix = 6 + TornMetadata.addressBytes + layout.offsetBytes + TornMetadata.checksumBytes
            let pages = size > layout.pageElements ? size / layout.pageElements : 0
            if block == 0, level >= layout.firstLevels {
                superBlocks += 1
                superBytes += prefix + blocks * ((pages + 7) / 8 + TornMetadata.addressBytes)
            }
            dataBlocks += 1
            dataBytes += prefix + size * layout.elementBytes + pages * TornMetadata.checksumBytes
            room += size
            block += 1
            if block == blocks { (level, block) = (level + 1, 0) }
            return true
        }
    }
}
