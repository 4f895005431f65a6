import PNG
import Testing

struct PNGRoundTripTests {
    private static let kinds = (1...4).flatMap { channels in [8, 16].map { (channels, $0) } }

    @Test(arguments: kinds)
    func whatIsEncodedIsDecoded(channels: Int, bitDepth: Int) throws {
        for (width, height) in [(1, 1), (7, 5), (64, 33)] {
            let bitmap = try noise(width: width, height: height, channels: channels, bitDepth: bitDepth)
            #expect(try PNGDecoder.decode(PNGEncoder.encode(bitmap)) == bitmap)
        }
    }

    @Test func anImageLongerThanLibpngsOwnLimitIsWritten() throws {
        let bitmap = try Bitmap(width: 1_000_001, height: 1, channels: 1, pixels: .init(repeating: 9, count: 1_000_001))
        let limits = PNGLimits(side: 2_000_000, bytes: 2_000_000)
        #expect(try PNGDecoder.decode(PNGEncoder.encode(bitmap), limits: limits) == bitmap)
    }

    @Test(arguments: [
        (0, 1, 1, 8, 0), (1, -1, 1, 8, 1), (1, 1, 5, 8, 5), (1, 1, 0, 8, 0), (1, 1, 1, 4, 1), (2, 2, 3, 8, 11),
        (2, 2, 3, 16, 12), (Int(Int32.max) + 1, 1, 1, 8, 0), (Int(Int32.max), Int(Int32.max), 4, 16, 0),
    ])
    func aBitmapThatDoesNotFitItselfIsRefused(width: Int, height: Int, channels: Int, bitDepth: Int, bytes: Int) {
        let pixels = [UInt8](repeating: 0, count: bytes)
        #expect {
            try Bitmap(width: width, height: height, channels: channels, bitDepth: bitDepth, pixels: pixels)
        } throws: { error in
            if case PNGError.invalidBitmap = error { true } else { false }
        }
    }
}
