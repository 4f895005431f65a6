import Glibc
import NIOCore
import Testing
import Wire

@testable import HDF5

struct RecoveryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func rowsBeyondTheCommittedOnesAreCut() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<3000, to: file)
        try recording.executor.sync { () throws(HDF5Error) in try file.close() }
        let (again, recovery) = try recording.open(counts(1500))
        #expect(!recovery.wasRepaired)
        #expect(recovery.cuts.map(\.dataset) == Recording.names.sorted())
        #expect(recovery.cuts.allSatisfy { $0.from == 3000 && $0.to == 1500 })
        try recording.expect(1500, in: again)
        try recording.append(1500..<1700, to: again)
        try recording.expect(1700, in: again)
    }

    @Test func datasetsThatNobodyCommittedAreRemovedAndMayComeBackInAnotherShape() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        try recording.executor.sync { () throws(HDF5Error) in try file.close() }
        let (again, recovery) = try recording.open([Recording.rewards: 10])
        #expect(recovery.removals == [Recording.names.filter { $0 != Recording.rewards }].flatMap { $0.sorted() })
        try recording.expect(10, in: again, [Recording.rewards])
        let other = DatasetSpec(
            name: Recording.frames,
            layout: try RowLayout(dtype: .uint8, shape: [3]),
            storage: .chunkPerRow
        )
        let row = EncodedChunk(bytes: ByteBuffer(bytes: [7, 8, 9]), isRaw: true)
        try recording.executor.sync { () throws(HDF5Error) in
            try again.append([Column(spec: other, extent: 11, payload: .chunks([(10, row)]))])
            #expect(try again.storedRow(Recording.frames, 10)?.chunk.bytes == row.bytes)
            #expect(try again.storedRow(Recording.frames, 9) == nil)
        }
    }

    /// The mark that a repair leaves is one that the library refuses to read.
    @Test(arguments: [1, 3, 5] as [UInt8])
    func anInterruptedRepairIsRepaired(mark: UInt8) throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<50, to: file)
        var bytes = try TemporaryDirectory.read(recording.path)
        bytes[11] = mark
        // The library checks the sum of the superblock's bytes.
        bytes.replaceSubrange(44..<48, with: lookup3(Array(bytes[..<44])))
        let copy = directory.file("interrupted.h5")
        try TemporaryDirectory.write(bytes, to: copy)
        let (again, recovery) = try recording.open(counts(40), at: copy)
        #expect(recovery.wasRepaired)
        try recording.expect(40, in: again)
    }

    @Test func fewerRowsThanCommittedIsDamageAndLeavesTheFileAlone() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        try recording.executor.sync { () throws(HDF5Error) in try file.close() }
        let before = try TemporaryDirectory.read(recording.path)
        for rows in [counts(11), counts(10).merging(["observations": 1]) { $1 }] {
            let error = #expect(throws: HDF5Error.self) { try recording.open(rows) }
            #expect(error?.kind == .damaged)
            #expect(error?.description.contains("committed") == true)
        }
        #expect(try TemporaryDirectory.read(recording.path) == before)
        try recording.expect(10, in: try recording.open(counts(10)).file)
    }

    /// A kill leaves what the process had handed to the system: the bytes of the file at that moment.
    @Test(arguments: [Compression.none, .lzf, .gzip(1)], [1, 2, 3])
    func aKilledWritersFileComesBack(compression: Compression, seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let recording = try Recording(directory.file("r.h5"), compression)
        let file = try recording.create()
        var committed = 0
        for round in 0..<6 {
            let next = committed + Int.random(in: 1...400, using: &random)
            try recording.append(committed..<next, to: file)
            committed = next
            // What comes after the last flush is lost or half there.
            let beyond = committed + Int.random(in: 1...300, using: &random)
            try recording.append(committed..<beyond, to: file, flushing: false)
            let copy = directory.file("killed\(round).h5")
            try TemporaryDirectory.write(TemporaryDirectory.read(recording.path), to: copy)
            let (killed, recovery) = try recording.open(counts(committed), at: copy)
            #expect(recovery.wasRepaired)
            try recording.expect(committed, in: killed)
            try recording.append(committed..<committed + 50, to: killed)
            try recording.expect(committed + 50, in: killed)
            try recording.executor.sync { () throws(HDF5Error) in try killed.close() }
            #expect(try recording.open(counts(committed + 50), at: copy).recovery.isNothing)
            unlink(copy)
        }
    }

    @Test(arguments: [Compression.none, .lzf])
    func aRebuiltFileHasTheCommittedRowsAndGoesOn(compression: Compression) throws {
        let recording = try Recording(directory.file("r.h5"), compression)
        let file = try recording.create()
        try recording.append(0..<700, to: file)
        let copy = directory.file("killed.h5")
        try TemporaryDirectory.write(TemporaryDirectory.read(recording.path), to: copy)
        let recovery = try recording.executor.sync { () throws(HDF5Error) in
            try RunFile.rebuild(copy, committedRows: counts(500), on: recording.executor)
        }
        #expect(recovery.wasRebuilt)
        let (rebuilt, left) = try recording.open(counts(500), at: copy)
        #expect(left.isNothing)
        try recording.expect(500, in: rebuilt)
        try recording.append(500..<600, to: rebuilt)
        try recording.expect(600, in: rebuilt)
    }

    /// Power is lost when the index of the frames names a block that did not reach the disk, nor where the file then ended: what
    /// another dataset adds to the file comes to lie just there.
    @Test func anIndexThatNamesWhatIsNotThereIsTorn() throws {
        for last in 20..<60 {
            let recording = try Recording(directory.file("\(last).h5"), .none)
            let file = try recording.create()
            try recording.append(0..<last, to: file)
            let old = try TemporaryDirectory.read(recording.path)
            try recording.append(last..<last + 1, to: file, [Recording.frames])
            let new = try TemporaryDirectory.read(recording.path)
            try recording.executor.sync { () throws(HDF5Error) in try file.close() }
            guard new.count - old.count > 200 else { continue }
            let path = directory.file("lost.h5")
            try TemporaryDirectory.write(old[..<48] + new[48..<old.count], to: path)
            let error = #expect(throws: HDF5Error.self) { try recording.open(counts(last), at: path) }
            #expect(error?.kind == .torn)
            let recovery = try recording.executor.sync { () throws(HDF5Error) in
                try RunFile.rebuild(path, committedRows: counts(last), on: recording.executor)
            }
            #expect(recovery.wasRebuilt)
            let rebuilt = try recording.open(counts(last), at: path).file
            try recording.append(last..<last + 100, to: rebuilt)
            try recording.expect(last + 100, in: rebuilt)
            return
        }
        Issue.record("no row began a block of the index")
    }

    @Test func aKillAfterADatasetWasAddedLosesNothing() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create([])
        try recording.append(0..<20, to: file, [Recording.frames])
        try recording.append(0..<20, to: file, [Recording.rewards])
        let copy = directory.file("killed.h5")
        try TemporaryDirectory.write(TemporaryDirectory.read(recording.path), to: copy)
        let killed = try recording.open([Recording.frames: 20, Recording.rewards: 20], at: copy).file
        try recording.expect(20, in: killed, [Recording.frames, Recording.rewards])
    }

    /// Whatever bytes a file has: an error, or all the committed rows.
    @Test(arguments: [1, 2, 3, 4])
    func damagedFilesAreAnError(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<200, to: file)
        let open = try TemporaryDirectory.read(recording.path)
        try recording.executor.sync { () throws(HDF5Error) in try file.close() }
        let closed = try TemporaryDirectory.read(recording.path)
        let copy = directory.file("damaged.h5")
        for round in 0..<20 {
            var bytes = round % 2 == 0 ? open : closed
            switch round % 4 {
            case 0, 1: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            case 2:
                let start = Int.random(in: 0..<bytes.count, using: &random)
                for place in start..<min(bytes.count, start + 600) {
                    bytes[place] = .random(in: 0...255, using: &random)
                }
            default:
                let start = Int.random(in: 0..<4000, using: &random)
                bytes[start] ^= .random(in: 1...255, using: &random)
            }
            try TemporaryDirectory.write(bytes, to: copy)
            attempt(recording, copy)
        }
    }

    @Test(arguments: [0, 1, 8, 47, 48, 500])
    func aStumpIsDamage(size: Int) throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        let bytes = try TemporaryDirectory.read(recording.path)
        let copy = directory.file("stump.h5")
        try TemporaryDirectory.write(bytes[..<size], to: copy)
        let error = #expect(throws: HDF5Error.self) { try recording.open(counts(10), at: copy) }
        // Where it says that it was not closed, it may be torn.
        #expect(error?.kind == (size < 48 ? .damaged : .torn))
        let last = #expect(throws: HDF5Error.self) {
            try recording.executor.sync { () throws(HDF5Error) in
                try RunFile.rebuild(copy, committedRows: counts(10), on: recording.executor)
            }
        }
        #expect(last?.kind == .damaged)
        #expect(try TemporaryDirectory.read(copy) == Array(bytes[..<size]))
    }

    @Test func textIsNoRunFile() throws {
        let recording = try Recording(directory.file("r.h5"))
        try TemporaryDirectory.write(Array("id,reward\n1,2\n".utf8), to: recording.path)
        let error = #expect(throws: HDF5Error.self) { try recording.open([:]) }
        #expect(error?.kind == .damaged)
    }

    @Test func aMissingFileIsNotDamage() throws {
        let recording = try Recording(directory.file("r.h5"))
        let error = #expect(throws: HDF5Error.self) { try recording.open([:]) }
        #expect(error?.errno == ENOENT)
    }

    /// A damaged row may be found only when it is read; nothing else may happen.
    private func attempt(_ recording: Recording, _ path: String) {
        do {
            let file = try recording.open(counts(200), at: path).file
            let codec = RowCodec()
            let layout = try recording.spec(Recording.frames).layout
            for index in 0..<200 {
                let row = try recording.executor.sync { () throws(HDF5Error) in
                    try file.storedRow(Recording.frames, index)
                }
                if let row {
                    #expect(try codec.decode(row, with: .lzf, layout: layout).readableBytes == layout.rowBytes)
                }
            }
            try recording.executor.sync { () throws(HDF5Error) in try file.close() }
        } catch {
            #expect(error is HDF5Error)
        }
    }

    private func counts(_ rows: Int) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: Recording.names.map { ($0, rows) })
    }

    /// The superblock's checksum: lookup3 by Bob Jenkins (2006), as HDF5 uses it, in little-endian bytes.
    private func lookup3(_ key: [UInt8]) -> [UInt8] {
        func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
        var a = 0xdead_beef &+ UInt32(key.count)
        var (b, c) = (a, a)
        func word(_ start: Int) -> UInt32 {
            (0..<4).reduce(0) { sum, byte in
                sum | (start + byte < key.count ? UInt32(key[start + byte]) << UInt32(8 * byte) : 0)
            }
        }
        var start = 0
        while key.count - start > 12 {
            a &+= word(start)
            b &+= word(start + 4)
            c &+= word(start + 8)
            a &-= c
            a ^= rotate(c, 4)
            c &+= b
            b &-= a
            b ^= rotate(a, 6)
            a &+= c
            c &-= b
            c ^= rotate(b, 8)
            b &+= a
            a &-= c
            a ^= rotate(c, 16)
            c &+= b
            b &-= a
            b ^= rotate(a, 19)
            a &+= c
            c &-= b
            c ^= rotate(b, 4)
            b &+= a
            start += 12
        }
        a &+= word(start)
        b &+= word(start + 4)
        c &+= word(start + 8)
        c ^= b
        c &-= rotate(b, 14)
        a ^= c
        a &-= rotate(c, 11)
        b ^= a
        b &-= rotate(a, 25)
        c ^= b
        c &-= rotate(b, 16)
        a ^= c
        a &-= rotate(c, 4)
        b ^= a
        b &-= rotate(a, 14)
        c ^= b
        c &-= rotate(b, 24)
        return (0..<4).map { UInt8(truncatingIfNeeded: c >> UInt32(8 * $0)) }
    }
}
