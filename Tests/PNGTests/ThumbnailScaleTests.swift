import PNG
import Testing

/// Reductions: sizes and exact means.
struct ThumbnailScaleTests {
    @Test(arguments: [
        (210, 160, 128, 128, 98), (160, 210, 128, 98, 128), (480, 640, 128, 96, 128), (3, 1_000, 10, 1, 10),
        (64, 64, 128, 64, 64), (128, 128, 128, 128, 128), (129, 129, 128, 128, 128), (5, 5, 1, 1, 1),
    ])
    func theLongerSideIsReducedToTheSize(height: Int, width: Int, size: Int, toHeight: Int, toWidth: Int) throws {
        let bitmap = try render([UInt8](repeating: 77, count: height * width), [height, width], size: size)
        #expect(bitmap.height == toHeight)
        #expect(bitmap.width == toWidth)
        #expect(bitmap.pixels.allSatisfy { $0 == 77 })
    }

    @Test func halvingTakesTheMeanOfFour() throws {
        let pixels: [UInt8] = [
            0, 10, 100, 100,
            20, 30, 100, 101,
            1, 1, 255, 255,
            1, 2, 255, 255,
        ]
        // 15; 100.25; 1.25; 255.
        #expect(try render(pixels, [4, 4], size: 2).pixels == [15, 100, 1, 255])
    }

    @Test func halvesAreRoundedUp() throws {
        #expect(try render([UInt8(0), 1, 1, 2], [1, 4], size: 2).pixels == [1, 2])
    }

    @Test func threeToTwoSharesTheMiddlePixel() throws {
        // (2 × 30 + 60) / 3 = 40 and (60 + 2 × 240) / 3 = 180.
        #expect(try render([UInt8(30), 60, 240], [1, 3], size: 2).pixels == [40, 180])
    }

    @Test func bothDirectionsAreShared() throws {
        let pixels: [UInt8] = [90, 0, 0, 0, 0, 0, 0, 0, 225]
        // A corner pixel covers four ninths of its output pixel.
        #expect(try render(pixels, [3, 3], size: 2).pixels == [40, 0, 0, 100])
    }

    @Test func channelsDoNotMix() throws {
        let pixels: [UInt8] = [10, 100, 200, 20, 102, 210]
        #expect(try render(pixels, [1, 2, 3], size: 1).pixels == [15, 101, 205])
    }

    @Test(arguments: [(37, 53, 20), (210, 160, 128), (64, 65, 63), (5, 301, 7)])
    func everyRatioGivesTheMeanOfTheArea(height: Int, width: Int, size: Int) throws {
        let source = try noise(width: width, height: height, channels: 3)
        let bitmap = try render(source.pixels, [height, width, 3], size: size)
        for row in 0..<bitmap.height {
            for column in 0..<bitmap.width {
                for channel in 0..<3 {
                    let mean = areaMean(source, bitmap, row: row, column: column, channel: channel)
                    let value = bitmap.pixels[(row * bitmap.width + column) * 3 + channel]
                    #expect(abs(Double(value) - mean) <= 0.5 + 1e-9, "row \(row), column \(column)")
                }
            }
        }
    }

    /// The mean by floating-point overlap of rectangles.
    private func areaMean(_ source: Bitmap, _ target: Bitmap, row: Int, column: Int, channel: Int) -> Double {
        let vertical = overlaps(row, of: target.height, over: source.height)
        let horizontal = overlaps(column, of: target.width, over: source.width)
        var sum = 0.0
        var area = 0.0
        for (y, down) in vertical {
            for (x, across) in horizontal {
                sum += Double(source.pixels[(y * source.width + x) * 3 + channel]) * down * across
                area += down * across
            }
        }
        return sum / area
    }

    private func overlaps(_ index: Int, of output: Int, over input: Int) -> [(Int, Double)] {
        let ratio = Double(input) / Double(output)
        let from = Double(index) * ratio
        let to = from + ratio
        return (Int(from)..<min(input, Int(to) + 1)).map { pixel in
            (pixel, max(0, min(to, Double(pixel + 1)) - max(from, Double(pixel))))
        }
    }

    @Test func aSizeBelowOneIsRefused() {
        #expect(throws: PNGError.self) { try render([UInt8(1)], [1, 1], size: 0) }
    }

    @Test func aPictureTooLongToAverageIsRefused() {
        let pixels = [UInt8](repeating: 0, count: 16_843_010)
        #expect {
            try render(pixels, [pixels.count, 1], size: 8)
        } throws: { error in
            if case PNGError.tooLarge = error { true } else { false }
        }
    }
}
