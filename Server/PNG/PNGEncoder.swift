import CPNG

/// Writes PNG files, fast rather than small: level 1, every row filtered by the one above it.
package enum PNGEncoder {
    package static func encode(_ bitmap: Bitmap) throws(PNGError) -> [UInt8] {
        guard let writer = cpng_writer_create() else {
            throw .encodingFailed("out of memory")
        }
        defer { cpng_writer_destroy(writer) }
        let written = bitmap.pixels.withUnsafeBufferPointer { pixels in
            cpng_write(
                writer,
                pixels.baseAddress,
                UInt32(bitmap.width),
                UInt32(bitmap.height),
                Int32(bitmap.channels),
                Int32(bitmap.bitDepth)
            )
        }
        guard written else {
            throw .encodingFailed(String(cString: cpng_writer_message(writer)))
        }
        return [UInt8](UnsafeBufferPointer(start: writer.pointee.bytes, count: writer.pointee.count))
    }
}
