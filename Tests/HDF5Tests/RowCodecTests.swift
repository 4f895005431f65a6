import HDF5
import NIOCore
import Testing
import Wire

struct RowCodecTests {
    private let codec = RowCodec()

    @Test(arguments: [Compression.none, .lzf, .gzip(1), .gzip(6), .gzip(9)])
    func whatIsEncodedComesBack(compression: Compression) throws {
        var random = SeededRandom(seed: 5)
        for size in [0, 1, 2, 100, 28_224, 100_800] {
            for rows in 0..<4 {
                let bytes = (0..<size).map { _ in UInt8.random(in: 0...UInt8(rows * 60), using: &random) }
                let row = encode(bytes, compression)
                #expect(row.bytes.readableBytes <= size)
                #expect(row.isRaw == (row.bytes.readableBytes == size))
                #expect(Array(buffer: try codec.decode(row, with: compression, size: size)) == bytes)
            }
        }
    }

    @Test(arguments: [Compression.lzf, .gzip(1)])
    func aFlatRowShrinksAndANoisyOneStaysRaw(compression: Compression) {
        var random = SeededRandom(seed: 6)
        let flat = encode([UInt8](repeating: 3, count: 10_000), compression)
        #expect(!flat.isRaw && flat.bytes.readableBytes < 200)
        let noise = (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(encode(noise, compression) == EncodedChunk(bytes: ByteBuffer(bytes: noise), isRaw: true))
    }

    @Test(arguments: [Compression.lzf, .gzip(1)])
    func rowsOfAnotherSizeAndDamagedRowsAreRefused(compression: Compression) throws {
        let good = encode([UInt8](repeating: 3, count: 1000), compression)
        let bytes = Array(buffer: good.bytes)
        for size in [0, 1, 999, 1001] { #expect(throws: HDF5Error.self) { try decode(bytes, compression, size) } }
        for length in 0..<bytes.count {
            #expect(throws: HDF5Error.self) { try decode(Array(bytes[..<length]), compression, 1000) }
        }
        #expect(throws: HDF5Error.self) { try decode(bytes + [0], compression, 1000) }
        #expect(try decode(bytes, compression, 1000) == [UInt8](repeating: 3, count: 1000))
    }

    @Test func aRawRowMustHaveItsSize() throws {
        let row = EncodedChunk(bytes: ByteBuffer(bytes: [1, 2, 3]), isRaw: true)
        #expect(throws: HDF5Error.self) { try codec.decode(row, with: .lzf, size: 4) }
    }

    /// Also more rows than cores, and more bytes than a large page.
    @Test(arguments: [0, 1, 7, 50, 20_000])
    func aStackHasItsRowsSideBySide(count: Int) throws {
        let layout = try RowLayout(dtype: .uint8, shape: [300])
        let kinds = [Compression.lzf, .gzip(1), .none]
        let rows = (0..<count).map { [UInt8](repeating: UInt8($0 % 251), count: 300) }
        let encoded = rows.enumerated().map { index, row in
            let kind = kinds[index % 3]
            return (row: ChunkedRow(encode(row, kind)), compression: kind)
        }
        #expect(Array(buffer: try codec.stack(encoded, layout: layout)) == Array(rows.joined()))
    }

    @Test func aStackTellsWhichRowIsDamaged() throws {
        let layout = try RowLayout(dtype: .uint8, shape: [300])
        let whole = encode([UInt8](repeating: 1, count: 300), .lzf)
        let torn = EncodedChunk(bytes: ByteBuffer(bytes: [0, 9, 0xe0]), isRaw: false)
        let chunks = [EncodedChunk](repeating: whole, count: 40) + [torn] + [EncodedChunk](repeating: whole, count: 3)
        let rows = chunks.map { (row: ChunkedRow($0), compression: Compression.lzf) }
        let error = #expect(throws: RowStackError.self) { try codec.stack(rows, layout: layout) }
        #expect(error?.index == 40 && error?.reason.kind == .damaged)
    }

    @Test func manyThreadsShareACodec() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var random = SeededRandom(seed: UInt64(task))
                    for _ in 0..<50 {
                        let choices = [Compression.lzf, .gzip(1), .gzip(2)]
                        let compression = try #require(choices.randomElement(using: &random))
                        let bytes = (0..<5000).map { _ in UInt8.random(in: 0...3, using: &random) }
                        let row = encode(bytes, compression)
                        guard try decode(Array(buffer: row.bytes), compression, 5000) == bytes else { return false }
                    }
                    return true
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }

    private func encode(_ bytes: [UInt8], _ compression: Compression) -> EncodedChunk {
        bytes.withUnsafeBytes { codec.encode($0, with: compression) }
    }

    @discardableResult
    private func decode(_ bytes: [UInt8], _ compression: Compression, _ size: Int) throws -> [UInt8] {
        let row = EncodedChunk(bytes: ByteBuffer(bytes: bytes), isRaw: false)
        return Array(buffer: try codec.decode(row, with: compression, size: size))
    }
}
