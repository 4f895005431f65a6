import HDF5
import NIOCore
import Testing
import Wire

/// Files whose chunks have several rows, as runs that were sealed have them.
struct ChunkedRowTests {
    private let directory: TemporaryDirectory
    private let executor: HDF5Executor
    private let layout: RowLayout
    private let codec = RowCodec()
    private static let rows = 23
    private static let absent = [4..<6, 11..<12]

    init() throws {
        directory = try TemporaryDirectory()
        executor = try HDF5Executor()
        layout = try RowLayout(dtype: .uint8, shape: [8, 6])
    }

    private func spec(_ chunkRows: Int) -> DatasetSpec {
        let absent = chunkRows > 1 ? Self.absent : []
        return DatasetSpec(name: "frames", layout: layout, storage: .chunks(of: chunkRows), absent: absent)
    }

    private func bytes(_ row: Int) -> [UInt8] { [UInt8](repeating: UInt8(row), count: layout.rowBytes) }

    private func isAbsent(_ row: Int) -> Bool { Self.absent.contains { $0.contains(row) } }

    /// A file of 23 rows, of which three have no array; its chunks compressed together.
    private func file(_ chunkRows: Int, pageBytes: Int? = nil) throws -> RunFile {
        let chunks = stride(from: 0, to: Self.rows, by: chunkRows).compactMap { first -> (Int, EncodedChunk)? in
            let rows = first..<first + chunkRows
            guard rows.contains(where: { $0 < Self.rows && !isAbsent($0) }) else { return nil }
            let all = rows.flatMap { $0 < Self.rows && !isAbsent($0) ? bytes($0) : [UInt8](repeating: 0, count: 48) }
            return (first, all.withUnsafeBytes { codec.encode($0, with: .gzip(6)) })
        }
        return try executor.sync { () throws(HDF5Error) in
            let file = try RunFile.create(
                directory.file("r.h5"),
                attributes: [],
                compression: .gzip(6),
                datasets: [spec(chunkRows)],
                pageBytes: pageBytes,
                on: executor
            )
            try file.append([Column(spec: spec(chunkRows), extent: Self.rows, payload: .chunks(chunks))])
            try file.close()
            return try RunFile.openReadOnly(directory.file("r.h5"), on: executor)
        }
    }

    @Test(arguments: [1, 2, 5, 23, 40])
    func everyRowOfAChunkIsFoundAndThoseWithoutAnArrayAreNot(chunkRows: Int) throws {
        let file = try file(chunkRows)
        let order = (0..<Self.rows).map { $0 * 7 % Self.rows } + [3, 3, 2, Self.rows, -1]
        let (known, stored, absent) = try executor.sync { () throws(HDF5Error) in
            (
                try file.spec(of: "frames"), try file.storedRows("frames", order),
                try file.absentRows("frames", in: 0..<Self.rows)
            )
        }
        #expect(known == spec(chunkRows))
        #expect(absent == [4, 5, 11])
        for (row, stored) in zip(order, stored) {
            let found = try stored.map { Array(buffer: try codec.decode($0, with: .gzip(6), layout: layout)) }
            #expect(found == ((0..<Self.rows).contains(row) && !isAbsent(row) ? bytes(row) : nil), "row \(row)")
        }
        let present = zip(order, stored).compactMap { row, stored in stored.map { (row, $0) } }
        let stack = try codec.stack(present.map { ($0.1, .gzip(6)) }, layout: layout)
        #expect(Array(buffer: stack) == present.flatMap { bytes($0.0) })
    }

    @Test func neighboursShareTheirChunkAndOthersDoNot() throws {
        let file = try file(5)
        let rows = try executor.sync { () throws(HDF5Error) in try file.storedRows("frames", [0, 3, 6, 3]) }
        let (first, second, other) = (try #require(rows[0]), try #require(rows[1]), try #require(rows[2]))
        #expect(first.sharesChunk(with: second) && !second.sharesChunk(with: other))
        #expect(rows[3] == second)
    }

    @Test(arguments: [1, 5])
    func aFileMayHavePages(chunkRows: Int) throws {
        let file = try file(chunkRows, pageBytes: 4096)
        let row = try executor.sync { () throws(HDF5Error) in try file.storedRow("frames", 22) }
        #expect(Array(buffer: try codec.decode(try #require(row), with: .gzip(6), layout: layout)) == bytes(22))
        #expect(try TemporaryDirectory.read(directory.file("r.h5")).count.isMultiple(of: 4096))
    }

    @Test func aChunkBeginsAtItsFirstRow() throws {
        let chunk = EncodedChunk(bytes: ByteBuffer(repeating: 1, count: 5 * 48), isRaw: true)
        let path = directory.file("other.h5")
        #expect(throws: HDF5Error.self) {
            try executor.sync { () throws(HDF5Error) in
                let file = try RunFile.create(
                    path,
                    attributes: [],
                    compression: .gzip(6),
                    datasets: [spec(5)],
                    on: executor
                )
                try file.append([Column(spec: spec(5), extent: Self.rows, payload: .chunks([(3, chunk)]))])
            }
        }
    }
}
