package import Wire

/// Shows an array as a picture.
///
/// How shapes are read is told at ``ImageLayout``, how numbers become gray levels at ``SampleReader``.
package enum Thumbnail {
    /// The picture with its longer side reduced to at most `size` pixels; `nil` keeps every pixel.
    ///
    /// The bytes are C-order and little-endian. A picture is never enlarged.
    package static func render(
        dtype: DType,
        shape: [Int],
        bytes: UnsafeRawBufferPointer,
        size: Int?
    ) throws(PNGError) -> Bitmap {
        try check(dtype: dtype, shape: shape, count: bytes.count)
        let layout = try ImageLayout(dtype: dtype, shape: shape, bytes: bytes)
        let longer = max(layout.width, layout.height)
        guard longer <= AreaAverage.longestSide else {
            throw .tooLarge("shape \(shape), at most \(AreaAverage.longestSide) in each direction")
        }
        if let size, size < 1 {
            throw .invalidBitmap("a thumbnail of size \(size)")
        }
        let shown = min(size ?? longer, longer)
        // Rounded to the nearest, and no side vanishes.
        let width = max(1, (2 * layout.width * shown + longer) / (2 * longer))
        let height = max(1, (2 * layout.height * shown + longer) / (2 * longer))
        let pixels = samples(of: layout, dtype: dtype, bytes: bytes) { source in
            if width == layout.width, height == layout.height {
                return [UInt8](source)
            }
            let average = AreaAverage(
                rows: AreaScale(from: layout.height, to: height),
                columns: AreaScale(from: layout.width, to: width),
                channels: layout.channels
            )
            return average.reduce(source)
        }
        return try Bitmap(width: width, height: height, channels: layout.channels, pixels: pixels)
    }

    private static func check(dtype: DType, shape: [Int], count: Int) throws(PNGError) {
        var expected = dtype.itemSize
        for side in shape {
            let (product, overflows) = expected.multipliedReportingOverflow(by: side)
            guard side >= 0, !overflows else {
                throw .notAnImage("shape \(shape) is impossible")
            }
            expected = product
        }
        guard expected == count else {
            throw .notAnImage("\(dtype) of shape \(shape) is \(expected) bytes, not \(count)")
        }
    }

    /// Hands out the picture's packed 8-bit samples, without a copy where the array already is that.
    private static func samples(
        of layout: ImageLayout,
        dtype: DType,
        bytes: UnsafeRawBufferPointer,
        to body: (UnsafeBufferPointer<UInt8>) -> [UInt8]
    ) -> [UInt8] {
        if dtype == .uint8, layout.isPacked {
            return bytes.withMemoryRebound(to: UInt8.self, body)
        }
        return SampleReader(layout: layout, bytes: bytes).read(dtype).withUnsafeBufferPointer(body)
    }
}
