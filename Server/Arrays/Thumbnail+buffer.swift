import NIOCore
import PNG
import Wire

extension Thumbnail {
    /// The picture of an array whose elements are in a buffer; see ``render(dtype:shape:bytes:size:)``.
    static func render(
        dtype: DType,
        shape: [Int],
        buffer: ByteBuffer,
        size: Int?
    ) throws(PNGError) -> Bitmap {
        let result = unsafe buffer.withUnsafeReadableBytes { bytes -> Result<Bitmap, PNGError> in
            do throws(PNGError) {
                return .success(unsafe try render(dtype: dtype, shape: shape, bytes: bytes, size: size))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
