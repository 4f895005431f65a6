import CDeflate
package import NIOCore

/// A raw stream of deflate, as the members of ZIP files are, made of pieces.
package final class Deflater {
    private static let pieceBytes = 1 << 16

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)

    /// - Parameter level: 1 (fast) to 9 (small).
    package init(level: Int = 1) throws(HDF5Error) {
        guard cdeflate_start_raw(stream, Int32(level)) == Z_OK else {
            throw HDF5Error(.failed, "deflateInit2", "level \(level)", "out of memory")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// Takes a piece in and hands out what has become of it and those before.
    package func compress(_ input: ByteBuffer, isLast: Bool = false) -> ByteBuffer {
        var result = ByteBuffer()
        input.withUnsafeReadableBytes { bytes in
            var left = bytes.count
            while true {
                let from = bytes.baseAddress.map { $0 + (bytes.count - left) }
                let count = cdeflate_piece(stream, from, &left, output.baseAddress, output.count, isLast)
                result.writeBytes(UnsafeRawBufferPointer(rebasing: output[..<count]))
                // Output that did not fill the room is all there was.
                if count < output.count, left == 0 { break }
            }
        }
        return result
    }

    /// The checksum of ZIP, of bytes that follow others with the given one.
    package static func checksum(_ bytes: ByteBuffer, after checksum: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeReadableBytes { libdeflate_crc32(checksum, $0.baseAddress, $0.count) }
    }
}
