import CPNG

/// A PNG file that is being read.
struct PNGReader: ~Copyable {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private let reader: UnsafeMutablePointer<cpng_reader>

    /// The file's bytes must outlive the reader.
    init(_ file: UnsafeBufferPointer<UInt8>) throws(PNGError) {
        guard let start = file.baseAddress, !file.isEmpty else {
            throw .damaged("the file is empty")
        }
        // libpng would say of a short one that it ends early.
        guard file.starts(with: Self.signature) else {
            throw .damaged("it is another kind of file: it does not begin as a PNG does")
        }
        guard let reader = cpng_reader_create(start, file.count) else {
            throw .damaged("out of memory")
        }
        self.reader = reader
    }

    deinit { cpng_reader_destroy(reader) }

    consuming func readBitmap(limits: PNGLimits) throws(PNGError) -> Bitmap {
        let count = try readHeader(limits: limits)
        var succeeded = false
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            succeeded = cpng_read_pixels(reader, buffer.baseAddress)
            initialized = succeeded ? count : 0
        }
        try check(succeeded)
        return try Bitmap(
            width: Int(reader.pointee.width),
            height: Int(reader.pointee.height),
            channels: Int(reader.pointee.channels),
            bitDepth: Int(reader.pointee.bit_depth),
            pixels: pixels
        )
    }

    /// Gives the number of bytes that the pixels take.
    private func readHeader(limits: PNGLimits) throws(PNGError) -> Int {
        // No chunk that is kept in memory (palette, transparent colours) is longer than 768 bytes.
        try check(cpng_read_header(reader, 1 << 16))
        let width = Int(reader.pointee.width)
        let height = Int(reader.pointee.height)
        guard width <= limits.side, height <= limits.side else {
            throw .tooLarge("\(width) × \(height) pixels, at most \(limits.side) × \(limits.side) are allowed")
        }
        try check(cpng_expand(reader))
        let (count, overflows) = reader.pointee.stride.multipliedReportingOverflow(by: height)
        guard !overflows, count <= limits.bytes else {
            throw .tooLarge("\(width) × \(height) pixels take more than the \(limits.bytes) bytes allowed")
        }
        return count
    }

    private func check(_ succeeded: Bool) throws(PNGError) {
        guard succeeded else {
            throw .damaged(String(cString: cpng_reader_message(reader)))
        }
    }
}
