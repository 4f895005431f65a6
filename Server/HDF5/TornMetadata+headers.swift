extension TornMetadata {
    private static let (dataspace, layout): (UInt8, UInt8) = (1, 8)
    /// So many counts of elements are tried, the last ones first: with more, a checksum would be right by chance.
    private static let mostCounts = 1 << 17

    /// Mends the header of a dataset, in which the number of rows changes, and the place of the index with the first chunk.
    func mendObjectHeader(at place: Int) throws(HDF5Error) -> Outcome {
        let start = try descriptor.read(34, at: place)
        guard start.count == 34 else { return .damaged }
        let flags = start[5]
        let first = 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
        let sizeBytes = 1 << Int(flags & 3)
        let length = Self.number(start[first..<(first + sizeBytes)])
        // A header's first part is at most 64 KiB long.
        guard length >= 0, length < 1 << 16 else { return .damaged }
        let messages = first + sizeBytes
        let bytes = try descriptor.read(messages + length, at: place)
        guard bytes.count == messages + length,
            let (rows, address) = Self.placesOfChange(bytes, messages, hasOrder: flags & 0x04 != 0)
        else { return .damaged }
        let asItIs = Self.number(bytes[rows..<(rows + Self.addressBytes)])
        // As they are, and as they may have been; first with the index, then without.
        var tried = 0
        return try mend(messages + length, at: place) { bytes in
            let (isWithout, choice) = (tried > possibleRows.count, tried % (possibleRows.count + 1))
            guard tried <= possibleRows.count || address != nil, tried <= 2 * possibleRows.count + 1,
                tried < 4 * Self.mostCounts
            else {
                return false
            }
            if isWithout, let address { Self.write(-1, to: &bytes, at: address) }
            Self.write(choice == 0 ? asItIs : possibleRows[choice - 1], to: &bytes, at: rows)
            tried += 1
            return true
        }
    }

    /// Where in an object header the first dimension lies, and the address of the chunks' index, if there is one.
    private static func placesOfChange(_ bytes: [UInt8], _ messages: Int, hasOrder: Bool) -> (rows: Int, address: Int?)?
    {
        let headBytes = hasOrder ? 6 : 4
        var (place, rows, address) = (messages, Int?.none, Int?.none)
        while place + headBytes <= bytes.count {
            let (type, content) = (bytes[place], place + headBytes)
            let end = content + number(bytes[(place + 1)..<(place + 3)])
            guard end <= bytes.count else { break }
            if type == dataspace {
                guard end - content >= 4 + addressBytes, bytes[content] == 2, bytes[content + 1] > 0 else { return nil }
                rows = content + 4
            } else if type == layout, end - content > addressBytes, bytes[content] == 4 {
                address = end - addressBytes
            }
            place = end
        }
        return rows.map { ($0, address) }
    }

    /// Mends the header of an extensible array, which counts elements and blocks.
    func mendIndexHeader(at place: Int) throws(HDF5Error) -> Outcome {
        let bytes = try descriptor.read(IndexLayout.headerBytes + Self.checksumBytes, at: place)
        if isSound(bytes[...]) { return .sound }
        guard bytes.count > IndexLayout.headerBytes, let layout = IndexLayout(bytes),
            let blocks = try dataBlocks(
                layout,
                firstBlock: Self.number(bytes[IndexLayout.addressPlace..<IndexLayout.headerBytes])
            )
        else { return .damaged }
        let most = (committedRows.last ?? 0) + uncommittedRows
        // What the header counted when so many of the blocks were there; in the last of these there were some of the elements.
        var counts = [(superBlocks: 0, superBytes: 0, bytes: 0, room: layout.firstElements)]
        for block in blocks {
            let last = counts[counts.count - 1]
            counts.append(
                (
                    superBlocks: last.superBlocks + (block.superBytes > 0 ? 1 : 0),
                    superBytes: last.superBytes + block.superBytes,
                    bytes: last.bytes + block.bytes,
                    room: last.room + block.elements.count
                )
            )
        }
        var (count, elements, tried) = (blocks.count, Int.max, 0)
        return try mend(IndexLayout.headerBytes, at: place) { bytes in
            var last: Range<Int> { count > 0 ? blocks[count - 1].elements : 0..<layout.firstElements }
            elements = min(elements - 1, last.upperBound, most)
            while elements <= last.lowerBound {
                guard count > 0 else { return false }
                count -= 1
                elements = min(last.upperBound, most)
            }
            tried += 1
            guard tried <= Self.mostCounts else { return false }
            let there = counts[count]
            let fields = [there.superBlocks, there.superBytes, count, there.bytes, elements, there.room]
            for (number, field) in fields.enumerated() {
                Self.write(field, to: &bytes, at: IndexLayout.countsPlace + number * Self.addressBytes)
            }
            return true
        }
    }
}
