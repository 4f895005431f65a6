import Glibc
import HDF5
import NIOCore
import Testing
import Wire

struct RunFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: [Compression.none, .lzf, .gzip(1), .gzip(9)])
    func rowsComeBackWhileOpenAndAfterReopening(compression: Compression) throws {
        let recording = try Recording(directory.file("r.h5"), compression)
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        try recording.append(10..<1500, to: file)
        try recording.expect(1500, in: file)
        try close(file, recording)
        let (again, recovery) = try recording.open(counts(1500))
        #expect(recovery.isNothing)
        #expect(again.compression == compression)
        try recording.expect(1500, in: again)
        try recording.append(1500..<1600, to: again)
        try recording.expect(1600, in: again)
        try file.synchronize()
    }

    @Test func aRowThatDoesNotShrinkIsReadRightAfterItWasWritten() throws {
        let executor = try HDF5Executor()
        let layout = try RowLayout(dtype: .uint8, shape: [16])
        let spec = DatasetSpec(name: "frames", layout: layout, storage: .chunkPerRow)
        let bytes = ByteBuffer(bytes: 0..<16)
        let codec = RowCodec()
        let encoded = bytes.withUnsafeReadableBytes { codec.encode($0, with: .lzf) }
        #expect(encoded.isRaw)
        let row = try executor.sync { () throws(HDF5Error) in
            let file = try RunFile.create(
                directory.file("r.h5"),
                attributes: [],
                compression: .lzf,
                datasets: [spec],
                on: executor
            )
            try file.append([Column(spec: spec, extent: 1, payload: .chunks([(0, encoded)]))])
            return try file.storedRow("frames", 0)
        }
        let stored = try #require(row)
        #expect(try codec.decode(stored, with: .lzf, layout: layout) == bytes)
    }

    @Test func missingRowsAndRowsBeyondTheEndAreNil() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        let rows = try recording.executor.sync { () throws(HDF5Error) in
            try file.storedRows(Recording.frames, [4, 10, -1, Int.max, 3, 3])
        }
        #expect(rows.map { $0 == nil } == [true, true, true, true, false, false])
        #expect(rows[4] == rows[5])
    }

    @Test func datasetsAreAddedAtTheirExtent() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create([])
        try recording.append(0..<20, to: file, [Recording.frames])
        let added = try recording.column(Recording.starts, 0..<30)
        let late = try recording.column(Recording.rewards, 20..<30)
        let more = try recording.column(Recording.frames, 20..<30)
        try recording.executor.sync { () throws(HDF5Error) in
            try file.append([more, added, late])
            try file.flush()
        }
        try file.synchronize()
        try recording.expect(30, in: file, [Recording.frames, Recording.starts])
        let rewards = try recording.executor.sync { () throws(HDF5Error) in
            try file.readBlock(Recording.rewards, 0..<30)
        }
        let written = (20..<30).flatMap { recording.bytes(Recording.rewards, $0) ?? [] }
        #expect(Array(buffer: rewards) == [UInt8](repeating: 0, count: 160) + written)
        #expect(access(directory.file("r.h5.draft"), F_OK) != 0)
        let datasets = try recording.executor.sync { () throws(HDF5Error) in try file.datasets }
        #expect(datasets.map(\.name) == ["episodes/starts", "frames", "rewards"])
    }

    @Test func blocksMayOverwriteEarlierRows() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        let nines = ByteBuffer(bytes: [UInt8](repeating: 9, count: 16))
        let spec = try recording.spec(Recording.starts)
        let column = Column(spec: spec, extent: 10, payload: .block(start: 3, bytes: nines))
        let block = try recording.executor.sync { () throws(HDF5Error) in
            try file.append([column])
            try file.flush()
            return try file.readBlock(Recording.starts, 2..<6)
        }
        let expected = recording.bytes(Recording.starts, 2).map { $0 + Array(buffer: nines) } ?? []
        #expect(Array(buffer: block) == expected + (recording.bytes(Recording.starts, 5) ?? []))
    }

    @Test func oneAppendMayHaveSeveralColumnsOfANewDataset() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create([])
        let columns = try [0..<3, 3..<10, 10..<12].map { try recording.column(Recording.starts, $0) }
        try recording.executor.sync { () throws(HDF5Error) in
            try file.append(columns.reversed())
            try file.flush()
        }
        try recording.expect(12, in: file, [Recording.starts])
        let other = DatasetSpec(name: "a", layout: try RowLayout(dtype: .int8, shape: []), storage: .plain)
        let another = DatasetSpec(name: "a", layout: try RowLayout(dtype: .int8, shape: [2]), storage: .plain)
        #expect(throws: HDF5Error.self) {
            try recording.executor.sync { () throws(HDF5Error) in
                try file.append([other, another].map { Column(spec: $0, extent: 0, payload: .chunks([])) })
            }
        }
        #expect(try recording.executor.sync { () throws(HDF5Error) in try file.layout(of: "a") } == nil)
    }

    @Test(arguments: [Compression.none, .lzf, .gzip(4)])
    func emptyRowsAreKept(compression: Compression) throws {
        let recording = try Recording(directory.file("r.h5"), compression)
        let layout = try RowLayout(dtype: .float32, shape: [0, 3])
        let chunks = DatasetSpec(name: "frames", layout: layout, storage: .chunkPerRow)
        let plain = DatasetSpec(name: "actions", layout: layout, storage: .plain)
        let row = EncodedChunk(bytes: ByteBuffer(), isRaw: true)
        let file = try recording.create([])
        try recording.executor.sync { () throws(HDF5Error) in
            try file.append([
                Column(spec: chunks, extent: 2, payload: .chunks([(0, row), (1, row)])),
                Column(spec: plain, extent: 2, payload: .block(start: 0, bytes: ByteBuffer())),
            ])
            try file.flush()
            try file.close()
        }
        let (again, recovery) = try recording.open(["frames": 2, "actions": 2])
        #expect(recovery.isNothing)
        let (rows, block, found) = try recording.executor.sync { () throws(HDF5Error) in
            let rows = try again.storedRows("frames", [0, 1, 2])
            return (rows, try again.readBlock("actions", 0..<2), try again.layout(of: "frames"))
        }
        #expect(rows.map { $0?.chunk } == [row, row, nil])
        #expect(block.readableBytes == 0)
        #expect(found == layout)
    }

    @Test func aFileIsNeverCreatedOverAnother() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        #expect(throws: HDF5Error.self) { try recording.create() }
        try recording.expect(10, in: file)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        let spec = try recording.spec(Recording.frames)
        let other = DatasetSpec(
            name: spec.name,
            layout: try RowLayout(dtype: .int8, shape: spec.layout.shape),
            storage: .chunkPerRow
        )
        let row = EncodedChunk(bytes: ByteBuffer(bytes: [UInt8](repeating: 1, count: 144)), isRaw: true)
        let short = EncodedChunk(bytes: ByteBuffer(bytes: [1, 2, 3]), isRaw: true)
        let long = EncodedChunk(bytes: ByteBuffer(bytes: [UInt8](repeating: 1, count: 145)), isRaw: false)
        let rewards = try recording.spec(Recording.rewards)
        let refused = [
            Column(spec: other, extent: 11, payload: .chunks([(10, row)])),
            Column(spec: spec, extent: 11, payload: .chunks([(11, row)])),
            Column(spec: spec, extent: 11, payload: .chunks([(-1, row)])),
            Column(spec: spec, extent: 11, payload: .chunks([(10, short)])),
            Column(spec: spec, extent: 11, payload: .chunks([(10, long)])),
            Column(spec: spec, extent: 11, payload: .block(start: 10, bytes: row.bytes)),
            Column(spec: rewards, extent: 11, payload: .chunks([(10, row)])),
            Column(spec: rewards, extent: 11, payload: .block(start: 11, bytes: ByteBuffer(integer: 1))),
            Column(spec: rewards, extent: 11, payload: .block(start: Int.max, bytes: ByteBuffer(integer: 1))),
            Column(spec: rewards, extent: 11, payload: .block(start: 10, bytes: ByteBuffer(bytes: [1]))),
        ]
        for column in refused {
            #expect(throws: HDF5Error.self) {
                try recording.executor.sync { () throws(HDF5Error) in try file.append([column]) }
            }
        }
    }

    @Test(arguments: ["", ".", "..", "/", "a//b", "/a", "a/", "a/../b", "a/./b", "a\0b"])
    func namesThatAreNoNamesAreRefused(name: String) throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<10, to: file)
        let spec = DatasetSpec(name: name, layout: try RowLayout(dtype: .int64, shape: []), storage: .plain)
        let column = Column(spec: spec, extent: 1, payload: .block(start: 0, bytes: ByteBuffer(integer: 1)))
        #expect(throws: HDF5Error.self) {
            try recording.executor.sync { () throws(HDF5Error) in try file.append([column]) }
        }
        // The file is what it was, and open.
        try recording.expect(10, in: file)
        #expect(access(directory.file("r.h5.draft"), F_OK) != 0)
    }

    @Test func aClosedFileRefuses() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try close(file, recording)
        try close(file, recording)
        #expect(throws: HDF5Error.self) { try recording.append(0..<1, to: file) }
    }

    @Test func aReaderSeesWhatWasFlushed() throws {
        let recording = try Recording(directory.file("r.h5"))
        let file = try recording.create()
        try recording.append(0..<100, to: file)
        try close(file, recording)
        let reader = try recording.executor.sync { () throws(HDF5Error) in
            try RunFile.openReadOnly(recording.path, on: recording.executor)
        }
        try recording.expect(100, in: reader)
        #expect(throws: HDF5Error.self) { try recording.append(100..<101, to: reader) }
    }

    /// The library would read zeros there.
    @Test func aClosedFileWithoutItsEndIsDamaged() throws {
        let recording = try Recording(directory.file("r.h5"), .none)
        let file = try recording.create()
        try recording.append(0..<100, to: file)
        try close(file, recording)
        try TemporaryDirectory.write(TemporaryDirectory.read(recording.path).dropLast(1), to: recording.path)
        let error = #expect(throws: HDF5Error.self) {
            try recording.executor.sync { () throws(HDF5Error) in
                try RunFile.openReadOnly(recording.path, on: recording.executor)
            }
        }
        #expect(error?.kind == .damaged)
    }

    private func close(_ file: RunFile, _ recording: Recording) throws {
        try recording.executor.sync { () throws(HDF5Error) in try file.close() }
    }

    private func counts(_ rows: Int) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: Recording.names.map { ($0, rows) })
    }
}
