import PNG
import Wire

func render(_ pixels: [UInt8], _ shape: [Int], size: Int? = nil) throws -> Bitmap {
    try render(pixels, shape, dtype: .uint8, size: size)
}

/// Renders elements of a Swift type whose bytes are those of the dtype.
func render<Element: BitwiseCopyable>(
    _ elements: [Element],
    _ shape: [Int],
    dtype: DType,
    size: Int? = nil
) throws -> Bitmap {
    try elements.withUnsafeBytes { try Thumbnail.render(dtype: dtype, shape: shape, bytes: $0, size: size) }
}
