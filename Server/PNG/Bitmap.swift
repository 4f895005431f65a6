/// An image in memory: packed rows from top to bottom, samples interleaved, 16-bit samples little-endian.
///
/// One channel is gray, two are gray and alpha, three are RGB, four are RGBA; alpha is not premultiplied.
package struct Bitmap: Sendable, Equatable {
    package let width: Int
    package let height: Int
    package let channels: Int
    package let bitDepth: Int
    package let pixels: [UInt8]

    /// Checks that the numbers fit each other and PNG's limits (sides of 1 to 2³¹ − 1).
    package init(width: Int, height: Int, channels: Int, bitDepth: Int = 8, pixels: [UInt8]) throws(PNGError) {
        let sides = 1...Int(Int32.max)
        guard sides.contains(width), sides.contains(height) else {
            throw .invalidBitmap("sides must be 1 to \(Int32.max), not \(width) × \(height)")
        }
        guard (1...4).contains(channels), bitDepth == 8 || bitDepth == 16 else {
            throw .invalidBitmap("1 to 4 channels of 8 or 16 bits, not \(channels) of \(bitDepth)")
        }
        let (row, rowOverflows) = width.multipliedReportingOverflow(by: channels * bitDepth / 8)
        let (expected, overflows) = row.multipliedReportingOverflow(by: height)
        guard !rowOverflows, !overflows, pixels.count == expected else {
            throw .invalidBitmap("\(width) × \(height) × \(channels) of \(bitDepth) bits is not \(pixels.count) bytes")
        }
        self.width = width
        self.height = height
        self.channels = channels
        self.bitDepth = bitDepth
        self.pixels = pixels
    }
}
