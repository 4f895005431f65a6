import PNG
import Testing

struct PNGDecoderTests {
    @Test func aPaletteBecomesRGB() throws {
        var file = ChunkedFile(width: 3, height: 1, bitDepth: 8, colorType: 3)
        file.add("PLTE", [10, 20, 30, 40, 50, 60])
        file.finish(rows: [0, 1, 0, 1])
        let bitmap = try PNGDecoder.decode(file.bytes)
        #expect(bitmap.channels == 3)
        #expect(bitmap.pixels == [40, 50, 60, 10, 20, 30, 40, 50, 60])
    }

    @Test func aPaletteWithTransparencyBecomesRGBA() throws {
        var file = ChunkedFile(width: 2, height: 1, bitDepth: 4, colorType: 3)
        file.add("PLTE", [10, 20, 30, 40, 50, 60])
        file.add("tRNS", [7])
        file.finish(rows: [0, 0x01])
        let bitmap = try PNGDecoder.decode(file.bytes)
        #expect(bitmap.channels == 4)
        #expect(bitmap.pixels == [10, 20, 30, 7, 40, 50, 60, 255])
    }

    @Test func aPixelOutsideThePaletteIsNotReadFromElsewhere() throws {
        var file = ChunkedFile(width: 2, height: 1, bitDepth: 8, colorType: 3)
        file.add("PLTE", [10, 20, 30])
        file.finish(rows: [0, 0, 255])
        let bitmap = try PNGDecoder.decode(file.bytes)
        #expect(bitmap.pixels == [10, 20, 30, 0, 0, 0])
    }

    @Test(
        arguments: [
            (1, [0b1010_0000], [255, 0, 255]), (2, [0b0001_1000], [0, 85, 170]), (4, [0x0F, 0x70], [0, 255, 119]),
        ] as [(UInt8, [UInt8], [UInt8])]
    )
    func fewBitsAreStretchedToEight(bitDepth: UInt8, row: [UInt8], expected: [UInt8]) throws {
        var file = ChunkedFile(width: 3, height: 1, bitDepth: bitDepth, colorType: 0)
        file.finish(rows: [0] + row)
        let bitmap = try PNGDecoder.decode(file.bytes)
        #expect(bitmap.bitDepth == 8)
        #expect(bitmap.pixels == expected)
    }

    @Test func aTransparentGrayBecomesAlpha() throws {
        var file = ChunkedFile(width: 2, height: 1, bitDepth: 16, colorType: 0)
        file.add("tRNS", [0x12, 0x34])
        file.finish(rows: [0, 0x12, 0x34, 0x12, 0x35])
        let bitmap = try PNGDecoder.decode(file.bytes)
        #expect(bitmap.channels == 2)
        #expect(bitmap.bitDepth == 16)
        #expect(bitmap.pixels == [0x34, 0x12, 0, 0, 0x35, 0x12, 0xFF, 0xFF])
    }

    /// A 3 × 3 image has pixels in passes 1, 5 (below), 6 (between) and 7: (0,0); (2,0); (0,2), (2,2); (1,0), (1,2); row 1.
    @Test func anInterlacedImageIsPutTogether() throws {
        var file = ChunkedFile(width: 3, height: 3, bitDepth: 8, colorType: 0, interlaced: true)
        file.finish(rows: [0, 1] + [0, 3] + [0, 7, 9] + [0, 2] + [0, 8] + [0, 4, 5, 6])
        #expect(try PNGDecoder.decode(file.bytes).pixels == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test func chunksThatNobodyNeedsAreSkipped() throws {
        var file = ChunkedFile(width: 1, height: 1, bitDepth: 8, colorType: 0)
        file.add("zTXt", Array("Comment".utf8) + [0, 0, 1, 2, 3])
        file.add("iCCP", Array("broken".utf8) + [0, 0, 9, 9])
        file.add("gAMA", [0, 0, 0, 0])
        file.finish(rows: [0, 42])
        #expect(try PNGDecoder.decode(file.bytes).pixels == [42])
    }

    @Test func aHeaderThatPromisesTooMuchIsRefusedUnread() throws {
        let huge = ChunkedFile(width: 2_147_483_647, height: 2_147_483_647, bitDepth: 16, colorType: 6)
        var file = huge
        file.finish(rows: [0])
        expectTooLarge(file.bytes, PNGLimits())
        let bitmap = try PNGEncoder.encode(noise(width: 20, height: 10, channels: 3))
        expectTooLarge(bitmap, PNGLimits(side: 19))
        expectTooLarge(bitmap, PNGLimits(bytes: 599))
        #expect(try PNGDecoder.decode(bitmap, limits: PNGLimits(side: 20, bytes: 600)).width == 20)
    }

    private func expectTooLarge(_ file: [UInt8], _ limits: PNGLimits) {
        #expect {
            try PNGDecoder.decode(file, limits: limits)
        } throws: { error in
            if case PNGError.tooLarge = error { true } else { false }
        }
    }
}
