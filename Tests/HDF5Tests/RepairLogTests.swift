import Glibc
import Testing

@testable import HDF5

struct OverlayTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Against an array of bytes to which the same is done.
    @Test(arguments: 1...8)
    func anOverlayIsTheFileWithAllWritesAndItsChangesMakeTheFileThat(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let path = directory.file("file")
        let base = (0..<Int.random(in: 1...60_000, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
        try TemporaryDirectory.write(base, to: path)
        let overlay = try Overlay(path)
        var model = base
        for _ in 0..<60 {
            let place = Int.random(in: 0...70_000, using: &random)
            let count = Int.random(in: 0...9_000, using: &random)
            switch Int.random(in: 0...5, using: &random) {
            case 0:
                overlay.resize(place)
                model = Array(model.prefix(place)) + [UInt8](repeating: 0, count: max(0, place - model.count))
            case 1, 2:
                let bytes = (0..<count).map { _ in UInt8.random(in: 0...1, using: &random) }
                try bytes.withUnsafeBytes { try overlay.write($0, at: place) }
                model += [UInt8](repeating: 0, count: max(0, place + count - model.count))
                model.replaceSubrange(place..<place + count, with: bytes)
            default:
                var bytes = [UInt8](repeating: 9, count: count)
                try bytes.withUnsafeMutableBytes { try overlay.read($0, at: place) }
                let behind = [UInt8](repeating: 0, count: max(0, place + count - model.count))
                #expect(bytes == Array(model.dropFirst(place).prefix(count)).suffix(count) + behind.suffix(count))
            }
            #expect(overlay.size == model.count)
        }
        #expect(try TemporaryDirectory.read(path) == base)
        try RepairLog(overlay, of: path).commit()
        #expect(try TemporaryDirectory.read(path) == model)
        #expect(access(path + RepairLog.suffix, F_OK) != 0)
    }
}

struct RepairLogTests {
    private static let committed = 600
    private let directory: TemporaryDirectory
    private let recording: Recording
    /// A file with rows beyond the committed ones, what it is to be, and the changes that lead there.
    private let before, after: [UInt8]
    private let log: RepairLog

    init() throws {
        directory = try TemporaryDirectory()
        recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<Self.committed + 400, to: file)
        before = try TemporaryDirectory.read(recording.path)
        let (path, executor) = (directory.file("repaired.h5"), recording.executor)
        try TemporaryDirectory.write(before, to: path)
        log = try executor.sync { () throws(HDF5Error) in
            let overlay = try Overlay(path)
            // H5F_ACC_RDWR
            let open = try OpenFile.open(path, 1, repairs: true, overlay: overlay)
            for dataset in open.datasets.values { try dataset.setExtent(Self.committed) }
            try open.close()
            return try RepairLog(overlay, of: path)
        }
        try log.commit()
        after = try TemporaryDirectory.read(path)
    }

    /// A file as a repair leaves it that ended after some of its changes, the first ones or the last ones.
    private func interrupted(after count: Int, isBackwards: Bool) throws -> String {
        let path = directory.file("interrupted.h5")
        var bytes = before
        for change in isBackwards ? log.changes.suffix(count) : log.changes.prefix(count) {
            let start = change.page * Overlay.pageBytes
            bytes += [UInt8](repeating: 0, count: max(0, start + Overlay.pageBytes - bytes.count))
            bytes.replaceSubrange(start..<start + Overlay.pageBytes, with: change.new)
        }
        try TemporaryDirectory.write(bytes.prefix(max(before.count, after.count)), to: path)
        try TemporaryDirectory.write(log.bytes, to: path + RepairLog.suffix)
        return path
    }

    /// A file as a loss of power leaves it during a repair: each sector as it was, or as it is to be.
    private func torn(_ seed: Int) throws -> String {
        var random = SeededRandom(seed: UInt64(seed))
        let path = directory.file("torn.h5")
        var bytes = before + [UInt8](repeating: 0, count: max(0, after.count - before.count))
        for change in log.changes {
            for sector in stride(from: 0, to: Overlay.pageBytes, by: 512) where Bool.random(using: &random) {
                let start = change.page * Overlay.pageBytes + sector
                guard start < bytes.count else { break }
                let end = min(start + 512, bytes.count)
                bytes.replaceSubrange(start..<end, with: change.new[sector..<(sector + end - start)])
            }
        }
        let sizes = [before.count, after.count, max(before.count, after.count)]
        try TemporaryDirectory.write(bytes.prefix(try #require(sizes.randomElement(using: &random))), to: path)
        try TemporaryDirectory.write(log.bytes, to: path + RepairLog.suffix)
        return path
    }

    @Test(arguments: 1...20)
    func aRepairThatLostItsPowerIsMadeWholeByTheNextOne(seed: Int) throws {
        let path = try torn(seed)
        #expect(try RunFile.needsRepair(path))
        #expect(throws: HDF5Error.self) {
            try recording.executor.sync { () throws(HDF5Error) in
                _ = try RunFile.openReadOnly(path, on: recording.executor)
            }
        }
        #expect(try RepairLog.finish(path))
        #expect(try TemporaryDirectory.read(path) == after)
        let (file, recovery) = try recording.open(counts(), at: try torn(seed))
        #expect(recovery.wasRepaired)
        try recording.expect(Self.committed, in: file)
        try recording.executor.sync { () throws(HDF5Error) in try file.close() }
    }

    private func counts() -> [String: Int] {
        Dictionary(uniqueKeysWithValues: Recording.names.map { ($0, Self.committed) })
    }

    @Test(arguments: [false, true])
    func anInterruptedRepairIsMadeWholeByTheNextOne(isBackwards: Bool) throws {
        try #require(log.changes.count > 3)
        for count in 0...log.changes.count {
            let path = try interrupted(after: count, isBackwards: isBackwards)
            #expect(try RepairLog.finish(path))
            #expect(try TemporaryDirectory.read(path) == after)
            #expect(access(path + RepairLog.suffix, F_OK) != 0)
        }
        let file = try recording.open(counts(), at: try interrupted(after: 2, isBackwards: isBackwards)).file
        try recording.expect(Self.committed, in: file)
    }

    @Test func aLogIsNotAppliedToAFileThatWasPutInThePlaceOfItsOwn() throws {
        let path = try interrupted(after: 2, isBackwards: false)
        // A copy from before, and one of a run that went on.
        for rows in [200, 1400] {
            unlink(path)
            let other = try Recording(path)
            let file = try other.create()
            try other.append(0..<rows, to: file)
            try other.executor.sync { () throws(HDF5Error) in try file.close() }
            let bytes = try TemporaryDirectory.read(path)
            try TemporaryDirectory.write(log.bytes, to: path + RepairLog.suffix)
            #expect(try !RepairLog.finish(path))
            #expect(try TemporaryDirectory.read(path) == bytes)
            #expect(access(path + RepairLog.suffix, F_OK) != 0)
        }
    }

    @Test func whatIsNoWholeLogIsRemovedAndChangesNothing() throws {
        let path = try interrupted(after: 0, isBackwards: false)
        var flipped = log.bytes
        flipped[flipped.count / 2] ^= 1
        for bytes in [[], Array("hfrepair".utf8), log.bytes.dropLast(), log.bytes + [0], flipped] {
            try TemporaryDirectory.write(bytes, to: path + RepairLog.suffix)
            #expect(try !RepairLog.finish(path))
            #expect(try TemporaryDirectory.read(path) == before)
            #expect(access(path + RepairLog.suffix, F_OK) != 0)
        }
    }
}
