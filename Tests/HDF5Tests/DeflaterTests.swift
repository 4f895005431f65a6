import HDF5
import NIOCore
import Testing
import Wire

struct DeflaterTests {
    @Test func theChecksumIsThatOfZIP() {
        #expect(Deflater.checksum(ByteBuffer(string: "123456789")) == 0xCBF4_3926)
        let first = Deflater.checksum(ByteBuffer(string: "1234"))
        #expect(Deflater.checksum(ByteBuffer(string: "56789"), after: first) == 0xCBF4_3926)
    }

    @Test(arguments: [0, 1, 1000, 300_000])
    func piecesAreOneStream(size: Int) throws {
        var random = SeededRandom(seed: 3)
        let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        let deflater = try Deflater()
        var stream = ByteBuffer()
        for start in stride(from: 0, to: size, by: 70_000) {
            stream.writeImmutableBuffer(deflater.compress(ByteBuffer(bytes: bytes[start..<min(start + 70_000, size)])))
        }
        stream.writeImmutableBuffer(deflater.compress(ByteBuffer(), isLast: true))
        guard size > 0 else {
            #expect(Array(buffer: stream) == [3, 0])
            return
        }
        // As zlib's format, which the codec of rows reads: a header before it, Adler-32 behind it.
        let sums = bytes.reduce((UInt32(1), UInt32(0))) { sums, byte in
            let low = (sums.0 + UInt32(byte)) % 65_521
            return (low, (sums.1 + low) % 65_521)
        }
        var whole = ByteBuffer(bytes: [0x78, 0x01])
        whole.writeImmutableBuffer(stream)
        whole.writeInteger(sums.1 << 16 | sums.0)
        let row = EncodedChunk(bytes: whole, isRaw: false)
        #expect(Array(buffer: try RowCodec().decode(row, with: .gzip(1), size: size)) == bytes)
    }
}
