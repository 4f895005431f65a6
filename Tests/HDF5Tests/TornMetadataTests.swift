import Testing

@testable import HDF5

/// A kill ends a write between two pages: what lies across them begins with new bytes, and ends with old ones and their checksum.
struct TornMetadataTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func counts(_ rows: Int) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: Recording.names.map { ($0, rows) })
    }

    /// Rows that need entries in the index block and its first data block, in each of the further ones, the first super block,
    /// and a further data block of one that is there.
    @Test(
        arguments: [Compression.none, .lzf, .gzip(1)],
        [
            (3, 10, ["EAIB"]), (25, 30, ["EADB"]), (55, 60, ["EADB"]), (90, 95, ["EADB"]), (120, 126, ["EADB"]),
            (230, 250, ["EADB", "EAIB"]), (740, 770, ["EADB", "EASB"]),
        ]
    )
    func whereverMetadataIsTornItBecomesWhatItWas(
        compression: Compression,
        rows: (committed: Int, written: Int, kinds: [String])
    ) throws {
        let recording = try Recording(directory.file("r.h5"), compression)
        let file = try recording.create()
        try recording.append(0..<rows.committed, to: file)
        let old = try TemporaryDirectory.read(recording.path)
        try recording.append(rows.committed..<rows.written, to: file)
        let new = try TemporaryDirectory.read(recording.path)
        #expect(try tear(old, new, committedRows: rows.committed) == Set(rows.kinds + ["OHDR", "EAHD"]))
    }

    /// The first chunk of a dataset, which came into the file when others had rows, tells its header where the index is.
    @Test func theHeaderOfADatasetThatHadNoChunkIsMended() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create([Recording.rewards])
        try recording.append(0..<30, to: file, [Recording.rewards])
        let spec = try recording.spec(Recording.frames)
        try recording.executor.sync { () throws(HDF5Error) in try file.add([(spec, rows: 30)]) }
        let old = try TemporaryDirectory.read(recording.path)
        try recording.append(30..<33, to: file, [Recording.frames])
        #expect(try tear(old, try TemporaryDirectory.read(recording.path), committedRows: 30) == ["OHDR"])
    }

    /// Blocks whose rows have no array are not made.
    @Test(arguments: [(rows: [0, 5, 400], more: [401, 900]), (rows: [2, 1000, 1020], more: [1400, 2100])])
    func anIndexWithGapsIsMended(rows: [Int], more: [Int]) throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create([Recording.frames])
        for row in rows { try recording.append(row..<(row + 1), to: file, [Recording.frames]) }
        let old = try TemporaryDirectory.read(recording.path)
        for row in more { try recording.append(row..<(row + 1), to: file, [Recording.frames]) }
        let kinds = try tear(old, try TemporaryDirectory.read(recording.path), committedRows: rows[2] + 1)
        #expect(kinds.isSuperset(of: ["OHDR", "EAHD"]))
    }

    /// Large data blocks have pages, each with a checksum; their super block has a bit for each page of all of them.
    @Test(arguments: [(level: 13, block: 0), (level: 13, block: 2), (level: 13, block: 30), (level: 15, block: 1)])
    func pagesOfLargeDataBlocksAreMended(level: Int, block: Int) throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create([Recording.frames])
        // Blocks of 2048 or 4096 entries, in pages of 1024.
        let size = 16 << ((level + 1) / 2)
        let first = 4 + 16 * (1 << level - 1) + block * size
        try recording.append(first..<(first + 10), to: file, [Recording.frames])
        let old = try TemporaryDirectory.read(recording.path)
        for place in [10, 1024, size, size + 1024] {
            try recording.append((first + place)..<(first + place + 10), to: file, [Recording.frames])
        }
        let new = try TemporaryDirectory.read(recording.path)
        #expect(try tear(old, new, committedRows: first + 10) == ["OHDR", "EAHD", "EASB", "page"])
    }

    /// What no kill leaves behind has no step back that its checksum proves.
    @Test(arguments: ["OHDR", "EAHD", "EAIB", "EADB"])
    func otherDamageStaysAsItIs(kind: String) throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<100, to: file)
        let sound = try TemporaryDirectory.read(recording.path)
        let (_, place, _) = try #require(Self.structures(sound).last { $0.kind == kind })
        var damaged = sound
        damaged[place + 7] ^= 1
        let copy = directory.file("damaged.h5")
        try TemporaryDirectory.write(damaged, to: copy)
        #expect(try TornMetadata.mend(copy, committedRows: [100]) == 0)
        #expect(try TemporaryDirectory.read(copy) == damaged)
    }

    /// Such a file is not damaged for good: whoever repairs it builds it anew.
    @Test(arguments: ["OHDR", "EAHD", "EADB"])
    func aTornFileIsRebuiltWithItsCommittedRows(kind: String) throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<700, to: file)
        let old = try TemporaryDirectory.read(recording.path)
        try recording.append(700..<720, to: file)
        let new = try TemporaryDirectory.read(recording.path)
        var torn = old + new[old.count...]
        for (found, place, end) in Self.structures(old) where found == kind {
            guard let change = (place..<end).first(where: { old[$0] != new[$0] }) else { continue }
            torn.replaceSubrange(place...(change + 7), with: new[place...(change + 7)])
        }
        let copy = directory.file("killed.h5")
        try TemporaryDirectory.write(torn, to: copy)
        let error = #expect(throws: HDF5Error.self) { try recording.open(counts(700), at: copy) }
        #expect(error?.kind == .torn)
        let recovery = try recording.executor.sync { () throws(HDF5Error) in
            try RunFile.rebuild(copy, committedRows: counts(700), on: recording.executor)
        }
        #expect(recovery.wasRebuilt)
        try recording.expect(700, in: try recording.open(counts(700), at: copy).file)
    }

    /// The kinds of all structures that differ, after each was torn at places all over it, mended, and compared.
    private func tear(
        _ old: [UInt8],
        _ new: [UInt8],
        committedRows: Int,
        except others: Set<String> = []
    ) throws -> Set<String> {
        let copy = directory.file("torn.h5")
        let whole = old + new[old.count...]
        var kinds: Set<String> = []
        for (kind, place, end) in Self.structures(old) {
            guard let first = (place..<end).first(where: { old[$0] != new[$0] }),
                let last = (place..<end).last(where: { old[$0] != new[$0] })
            else { continue }
            kinds.insert(kind)
            for cut in Array(stride(from: first + 1, through: last, by: 5)) + [last + 1] {
                var torn = whole
                torn.replaceSubrange(place..<cut, with: new[place..<cut])
                try TemporaryDirectory.write(torn, to: copy)
                #expect(
                    try TornMetadata.mend(copy, committedRows: [committedRows]) == 1,
                    "\(kind) at \(place), cut at \(cut)"
                )
                #expect(try TemporaryDirectory.read(copy) == whole, "\(kind) at \(place), cut at \(cut)")
            }
        }
        return kinds
    }

    /// Where something lies that has a checksum behind it, without that.
    private static func structures(_ file: [UInt8]) -> [(kind: String, place: Int, end: Int)] {
        let lengths = [
            "OHDR": Array(100...400), "EAHD": [68], "EAIB": Array(290...360), "EASB": Array(40...1300),
            "EADB": (0..<8).flatMap { level in (8...20).map { 18 + (16 << level) * $0 } },
        ]
        var found: [(String, Int, Int)] = []
        for place in file.indices.dropLast(4) {
            let kind = String(decoding: file[place..<(place + 4)], as: UTF8.self)
            for length in lengths[kind] ?? [] where isSound(file, place, place + length) {
                found.append((kind, place, place + length))
                break
            }
            guard kind == "EADB", found.last?.1 != place else { continue }
            // Behind its beginning, a page.
            for length in (8...20).map({ 1024 * $0 }) where isSound(file, place + 22, place + 22 + length) {
                found.append(("page", place + 22, place + 22 + length))
            }
        }
        return found
    }

    private static func isSound(_ file: [UInt8], _ place: Int, _ end: Int) -> Bool {
        guard end + 4 <= file.count else { return false }
        let checksum = file[end..<(end + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Lookup3.hash(file[place..<end]) == checksum
    }

    @Test func theHashIsThatOfTheLibrary() {
        // The example in lookup3.c itself.
        #expect(Lookup3.hash(Array("Four score and seven years ago".utf8)[...]) == 0x1777_0551)
    }
}
