import HDF5
import NIOCore
import Testing
import Wire

struct ExportFileTests {
    private let directory: TemporaryDirectory
    private let executor: HDF5Executor

    init() throws {
        directory = try TemporaryDirectory()
        executor = try HDF5Executor()
    }

    @Test func whatIsWrittenCanBeRead() throws {
        let path = directory.file("export.hdf5")
        try executor.sync { () throws(HDF5Error) in
            let file = try ExportFile(path, on: executor)
            try file.makeGroup("episode_0")
            let floats = try RowLayout(dtype: .float32, shape: [2])
            try file.makeDataset("episode_0/observations/a", layout: floats, rows: 2)
            try file.makeDataset("episode_0/dones", layout: RowLayout(dtype: .bool, shape: []), rows: 100)
            try file.makeTexts("episode_0/infos/json", rows: 3)
            // More rows than were announced.
            for first in stride(from: 0, to: 100, by: 25) {
                try file.append(ByteBuffer(repeating: UInt8(first), count: 25 * 8), to: "episode_0/observations/a")
                try file.append(ByteBuffer(repeating: 1, count: 25), to: "episode_0/dones")
            }
            try file.append(["", "{\"\u{FC}\":1}"], to: "episode_0/infos/json")
            try file.append(["null"], to: "episode_0/infos/json")
            try file.setAttribute("total_steps", 100, of: "episode_0")
            try file.setAttribute("name", "h\u{E9}llo", of: "episode_0")
            try file.close()
        }
        let file = try executor.sync { () throws(HDF5Error) in try ForeignFile(path, on: executor) }
        #expect(file.datasets.map(\.path) == ["episode_0/dones", "episode_0/infos/json", "episode_0/observations/a"])
        #expect(file.datasets.map(\.dtype) == [.bool, nil, .float32])
        #expect(file.datasets.map(\.dimensions) == [[100], [3], [100, 2]])
        try executor.sync { () throws(HDF5Error) in
            let rows = try file.readRows("episode_0/observations/a", 74..<76)
            #expect(Array(buffer: rows) == [UInt8](repeating: 50, count: 8) + [UInt8](repeating: 75, count: 8))
            #expect(try file.readTexts("episode_0/infos/json", 0..<3) == ["", "{\"\u{FC}\":1}", "null"])
            #expect(try file.readTexts("episode_0/infos/json", 1..<2) == ["{\"\u{FC}\":1}"])
            #expect(try file.readTexts("episode_0/dones", 0..<3) == nil)
            let attributes = try file.attributes(of: "episode_0")
            #expect(attributes == ["total_steps": "100", "name": "h\u{E9}llo"])
        }
    }

    @Test func textsOfH5pyAreRead() throws {
        let path = directory.file("foreign.h5")
        try TemporaryDirectory.write(try ForeignFixture.usual.bytes(), to: path)
        try executor.sync { () throws(HDF5Error) in
            let file = try ForeignFile(path, on: executor)
            #expect(try file.readTexts("text", 0..<2)?.count == 2)
            #expect(throws: HDF5Error.self) { try file.readTexts("text", 0..<3) }
        }
    }

    @Test func aFileThatIsGivenUpIsClosed() throws {
        let path = directory.file("export.hdf5")
        try executor.sync { () throws(HDF5Error) in
            let file = try ExportFile(path, on: executor)
            try file.makeTexts("a", rows: 1)
            #expect(throws: HDF5Error.self) { try file.append(ByteBuffer(), to: "b") }
        }
        // The same file can be made again: nothing has it open.
        try executor.sync { () throws(HDF5Error) in try ExportFile(path, on: executor).close() }
    }
}
