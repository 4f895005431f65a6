import HDF5
import NIOCore
import Testing
import Wire

struct ForeignFileTests {
    private let directory: TemporaryDirectory
    private let executor: HDF5Executor

    init() throws {
        directory = try TemporaryDirectory()
        executor = try HDF5Executor()
    }

    @Test func theDatasetsAndAttributesOfH5pyAreListed() throws {
        let file = try open(ForeignFixture.usual.bytes())
        let paths = ["deflated", "done", "group/big", "half", "lzf", "outside", "scalar", "text"]
        #expect(file.datasets.map(\.path) == paths)
        #expect(file.datasets.map(\.dtype) == [.int64, .bool, .int32, .float32, .uint8, nil, .float64, nil])
        #expect(file.datasets.map(\.dimensions) == [[100], [3], [3, 2], [3], [20, 20], [4], [], [2]])
        let attributes = try executor.sync { () throws(HDF5Error) in try file.attributes() }
        #expect(attributes == ["name": "h\u{e9}llo", "count": "-5", "ratio": "2.5", "fixed": "abc"])
        #expect(try executor.sync { () throws(HDF5Error) in try file.attributes(of: "group") }.isEmpty)
    }

    @Test func rowsAreReadAndConverted() throws {
        let file = try open(ForeignFixture.usual.bytes())
        #expect(try read(file, "lzf", 0..<20) == (0..<400).map { UInt8($0 % 256 % 7) })
        #expect(try read(file, "lzf", 2..<4) == (40..<80).map { UInt8($0 % 7) })
        #expect(try read(file, "deflated", 98..<100) == [98, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0])
        #expect(try read(file, "group/big", 1..<2) == [2, 0, 0, 0, 3, 0, 0, 0])
        #expect(try read(file, "half", 0..<3) == [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0x40, 0, 0, 0x40, 0xc0])
        #expect(try read(file, "done", 0..<3) == [1, 0, 1])
        #expect(try read(file, "scalar", 0..<1) == [0, 0, 0, 0, 0, 0, 0x1e, 0x40])
        #expect(try read(file, "lzf", 3..<3).isEmpty)
    }

    @Test(arguments: ["lzf", "deflated", "group/big", "scalar"])
    func aDatasetThatH5pyWroteIsWhole(name: String) throws {
        let file = try open(ForeignFixture.usual.bytes())
        #expect(try executor.sync { () throws(HDF5Error) in try file.isWhole(name) })
    }

    @Test(arguments: [("lzf", 0..<21), ("lzf", -1..<2), ("none", 0..<1), ("text", 0..<1), ("outside", 0..<1)])
    func whatCannotBeReadIsAnError(name: String, rows: Range<Int>) throws {
        let file = try open(ForeignFixture.usual.bytes())
        #expect(throws: HDF5Error.self) { try read(file, name, rows) }
    }

    @Test func aNewerFormatIsNamedAsTheReason() throws {
        let error = #expect(throws: HDF5Error.self) { try open(ForeignFixture.latest.bytes()) }
        #expect(error?.kind == .unsupported)
        #expect(error?.message.contains("libver") == true)
    }

    @Test func ourOwnFilesAreReadableToo() throws {
        let recording = try Recording(directory.file("r.h5"))
        let run = try recording.create()
        try recording.append(0..<100, to: run)
        try recording.executor.sync { () throws(HDF5Error) in try run.close() }
        let file = try executor.sync { () throws(HDF5Error) in try ForeignFile(recording.path, on: executor) }
        #expect(file.datasets.map(\.path).sorted() == Recording.names.sorted())
        let missing = [UInt8](repeating: 0, count: 144)
        let frames = (0..<100).flatMap { recording.bytes(Recording.frames, $0) ?? missing }
        #expect(try read(file, Recording.frames, 0..<100) == frames)
        #expect(try executor.sync { () throws(HDF5Error) in try !file.isWhole(Recording.frames) })
        let attributes = try executor.sync { () throws(HDF5Error) in try file.attributes() }
        #expect(attributes["run_id"] == "r1")
        #expect(attributes["compression"] == "lzf")
    }

    @Test func otherFilesAndStumpsAreAnError() throws {
        let bytes = try ForeignFixture.usual.bytes()
        for damaged in [[], Array("hello".utf8), Array(bytes[..<100]), Array(bytes[..<(bytes.count - 200)])] {
            #expect(throws: HDF5Error.self) { try open(damaged) }
        }
        #expect(throws: HDF5Error.self) {
            try executor.sync { () throws(HDF5Error) in try ForeignFile(directory.file("none.h5"), on: executor) }
        }
    }

    private func open(_ bytes: [UInt8]) throws -> ForeignFile {
        let path = directory.file("foreign.h5")
        try TemporaryDirectory.write(bytes, to: path)
        return try executor.sync { () throws(HDF5Error) in try ForeignFile(path, on: executor) }
    }

    private func read(_ file: ForeignFile, _ name: String, _ rows: Range<Int>) throws -> [UInt8] {
        Array(buffer: try executor.sync { () throws(HDF5Error) in try file.readRows(name, rows) })
    }
}
