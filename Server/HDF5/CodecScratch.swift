import CDeflate

/// The working memory of one compression or decompression at a time.
///
/// `@unchecked Sendable`: the codec's pool hands it to one call at a time.
final class CodecScratch: @unchecked Sendable {
    /// Larger outputs are given back at once: one huge row must not stay in memory for ever.
    private static let keptBytes = 4 << 20

    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var streamLevel: Int?
    private var decompressor: OpaquePointer?

    deinit {
        memory.deallocate()
        endStream()
        stream.deallocate()
        libdeflate_free_decompressor(decompressor)
    }

    /// Room for `count` bytes, valid until the next call.
    func output(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if memory.count < count || memory.count > Self.keptBytes {
            memory.deallocate()
            memory = .allocate(byteCount: max(count, 1 << 12), alignment: 16)
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }

    /// Compresses to a zlib stream; returns its length, or 0 when it does not fit.
    func deflate(_ input: UnsafeRawBufferPointer, level: Int, into output: UnsafeMutableRawBufferPointer) -> Int {
        if streamLevel != level {
            endStream()
            // Without memory for the stream the row is stored raw.
            guard cdeflate_start(stream, Int32(level)) == Z_OK else { return 0 }
            streamLevel = level
        }
        return cdeflate_row(stream, input.baseAddress, input.count, output.baseAddress, output.count)
    }

    /// Decompresses a zlib stream that must be used up and fill the output exactly.
    func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        let decompressor = self.decompressor ?? libdeflate_alloc_decompressor()
        guard let decompressor else { return false }
        self.decompressor = decompressor
        var used = 0
        let result = libdeflate_zlib_decompress_ex(
            decompressor,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count,
            &used,
            nil
        )
        return result == LIBDEFLATE_SUCCESS && used == input.count
    }

    private func endStream() {
        guard streamLevel != nil else { return }
        deflateEnd(stream)
        streamLevel = nil
    }
}
