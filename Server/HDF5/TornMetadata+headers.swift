extension TornMetadata {
    private static let dataspace: UInt8 = 1

    /// Mends the header of a dataset, of which the number of rows changes: it was one of the committed numbers, or more.
    func mendObjectHeader(at place: Int, _ committedRows: Set<Int>) throws(HDF5Error) -> Bool {
        let start = try descriptor.read(34, at: place)
        guard start.count == 34, start[4] == 2 else { return false }
        let flags = start[5]
        let first = 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
        let sizeBytes = 1 << Int(flags & 3)
        let length = Self.number(start[first..<(first + sizeBytes)])
        // A header's first part is at most 64 KiB long.
        guard length >= 0, length < 1 << 16 else { return false }
        let messages = first + sizeBytes
        let bytes = try descriptor.read(messages + length, at: place)
        guard bytes.count == messages + length,
            let rows = Self.placeOfRows(bytes, messages, hasOrder: flags & 0x04 != 0)
        else { return false }
        var candidates = committedRows.lazy.flatMap { $0...($0 + uncommittedRows) }.makeIterator()
        return try mend(messages + length, at: place) { bytes in
            guard let candidate = candidates.next() else { return false }
            Self.write(candidate, to: &bytes, at: rows)
            return true
        }
    }

    /// Where in an object header the first dimension lies.
    private static func placeOfRows(_ bytes: [UInt8], _ messages: Int, hasOrder: Bool) -> Int? {
        let headBytes = hasOrder ? 6 : 4
        var place = messages
        while place + headBytes <= bytes.count {
            let (type, content) = (bytes[place], place + headBytes)
            let end = content + number(bytes[(place + 1)..<(place + 3)])
            guard end <= bytes.count else { return nil }
            if type == dataspace {
                guard end - content >= 4 + addressBytes, bytes[content] == 2, bytes[content + 1] > 0 else { return nil }
                return content + 4
            }
            place = end
        }
        return nil
    }

    /// Mends the header of an extensible array to which chunk after chunk was added.
    func mendIndexHeader(at place: Int) throws(HDF5Error) -> Bool {
        let bytes = try descriptor.read(IndexLayout.headerBytes, at: place)
        guard let layout = IndexLayout(bytes[...]) else { return false }
        var counts = IndexLayout.Counts(layout)
        let most = size / layout.elementBytes
        return try mend(IndexLayout.headerBytes, at: place) { bytes in
            guard counts.elements < most, counts.add(layout) else { return false }
            for (number, count) in counts.fields.enumerated() {
                Self.write(count, to: &bytes, at: IndexLayout.countsPlace + number * Self.addressBytes)
            }
            return true
        }
    }
}
