import PNG

/// Pixels that look random and are the same each time.
func noise(width: Int, height: Int, channels: Int, bitDepth: Int = 8) throws -> Bitmap {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    let pixels = (0..<(width * height * channels * bitDepth / 8)).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
    return try Bitmap(width: width, height: height, channels: channels, bitDepth: bitDepth, pixels: pixels)
}
