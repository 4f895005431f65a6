import PNG
import Testing

struct DamagedPNGTests {
    @Test func everyTruncationIsAnError() throws {
        let file = try PNGEncoder.encode(noise(width: 13, height: 9, channels: 4))
        for length in 0..<file.count {
            #expect(isRefused(Array(file[..<length])), "cut to \(length) of \(file.count) bytes")
        }
    }

    /// A changed byte breaks a checksum or the structure, or is one that libpng does not look at.
    @Test func everyChangedByteIsAnErrorOrChangesNothing() throws {
        let bitmap = try noise(width: 11, height: 6, channels: 3)
        let file = try PNGEncoder.encode(bitmap)
        for index in file.indices {
            for change: UInt8 in [0x01, 0x20, 0x80, 0xFF] {
                var damaged = file
                damaged[index] ^= change
                let decoded = try? PNGDecoder.decode(damaged)
                #expect(decoded == nil || decoded == bitmap, "byte \(index) changed by \(change)")
            }
        }
    }

    /// Correct checksums over wrong contents.
    @Test func lyingHeadersAreErrors() {
        let headers: [(UInt32, UInt32, UInt8, UInt8)] = [
            (0, 1, 8, 0), (1, 0, 8, 0), (0x8000_0000, 1, 8, 0), (1, 1, 3, 0), (1, 1, 8, 1), (1, 1, 4, 2), (1, 1, 16, 3),
            (1, 1, 8, 7), (4, 4, 8, 6), (1, 1, 8, 3),
        ]
        for (width, height, bitDepth, colorType) in headers {
            var file = ChunkedFile(width: width, height: height, bitDepth: bitDepth, colorType: colorType)
            file.finish(rows: [0, 1])
            #expect(isRefused(file.bytes), "\(width) × \(height), \(bitDepth) bits, type \(colorType)")
        }
    }

    @Test func aRowWithAnUnknownFilterIsAnError() {
        var file = ChunkedFile(width: 1, height: 1, bitDepth: 8, colorType: 0)
        file.finish(rows: [9, 1])
        #expect(isRefused(file.bytes))
    }

    @Test func whatIsNoPNGIsAnError() {
        #expect(isRefused([]))
        #expect(isRefused(Array("GIF89a, and a few more bytes".utf8)))
        #expect(isRefused(Array(repeating: 0, count: 4_096)))
    }

    @Test func theMessageSaysWhatIsWrong() throws {
        let file = try PNGEncoder.encode(noise(width: 4, height: 4, channels: 1))
        #expect(throws: PNGError.damaged("the file ends early")) { try PNGDecoder.decode(Array(file.dropLast(20))) }
        #expect(throws: PNGError.damaged("the file is empty")) { try PNGDecoder.decode([]) }
        let other = PNGError.damaged("it is another kind of file: it does not begin as a PNG does")
        #expect(throws: other) { try PNGDecoder.decode(Array("hello".utf8)) }
    }

    private func isRefused(_ file: [UInt8]) -> Bool {
        do {
            _ = try PNGDecoder.decode(file)
            return false
        } catch {
            if case .damaged = error { return true }
            return false
        }
    }
}
