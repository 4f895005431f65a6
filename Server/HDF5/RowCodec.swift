import CDeflate
import CLZF
package import NIOCore
import Synchronization

/// Compresses and decompresses rows, and chunks of several, on any number of threads at a time.
///
/// Each call borrows its working memory from a pool, so there is as much of it as there were calls at a time.
package final class RowCodec: Sendable {
    private let idle = Mutex<[CodecScratch]>([])
    let recent = RecentChunks()

    package init() {}

    /// Compresses one row.
    package func encode(_ row: UnsafeRawBufferPointer, with compression: Compression) -> EncodedChunk {
        guard let bytes = compress(row, with: compression) else {
            return EncodedChunk(bytes: ByteBuffer(bytes: row), isRaw: true)
        }
        return EncodedChunk(bytes: bytes, isRaw: false)
    }

    /// Compresses one row; nil if it does not shrink.
    package func compress(_ row: UnsafeRawBufferPointer, with compression: Compression) -> ByteBuffer? {
        guard compression != .none, row.count > 1, row.count <= UInt32.max else { return nil }
        let scratch = borrow()
        defer { giveBack(scratch) }
        // One byte less than the row: what does not fit has not shrunk.
        let output = scratch.output(row.count - 1)
        let length =
            switch compression {
            case .none: 0
            case .lzf: clzf_compress(row.baseAddress, row.count, output.baseAddress, output.count)
            case .gzip(let level): scratch.deflate(row, level: level, into: output)
            }
        return length > 0 ? ByteBuffer(bytes: output[..<length]) : nil
    }

    /// Decompresses one chunk, which must have exactly the size of `output`.
    package func decode(
        _ chunk: EncodedChunk,
        with compression: Compression,
        into output: UnsafeMutableRawBufferPointer
    ) throws(HDF5Error) {
        let isWhole = chunk.bytes.withUnsafeReadableBytes { bytes in
            if chunk.isRaw || compression == .none {
                guard bytes.count == output.count else { return false }
                output.copyMemory(from: bytes)
                return true
            }
            return switch compression {
            case .none: false
            case .lzf: clzf_decompress(bytes.baseAddress, bytes.count, output.baseAddress, output.count) == output.count
            case .gzip: inflate(bytes, into: output)
            }
        }
        guard isWhole else {
            let form = chunk.isRaw ? "raw" : compression.description
            throw HDF5Error(
                .damaged,
                "decompress",
                form,
                "\(chunk.bytes.readableBytes) stored bytes are not a row of \(output.count) bytes"
            )
        }
    }

    /// Decompresses one chunk to exactly `size` bytes.
    package func decode(
        _ chunk: EncodedChunk,
        with compression: Compression,
        size: Int
    ) throws(HDF5Error) -> ByteBuffer {
        if chunk.isRaw, chunk.bytes.readableBytes == size { return chunk.bytes }
        var result = ByteBuffer()
        result.reserveCapacity(size)
        var failure: HDF5Error?
        result.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            do throws(HDF5Error) {
                let output = UnsafeMutableRawBufferPointer(rebasing: target[..<size])
                try decode(chunk, with: compression, into: output)
                return size
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return result
    }

    private func inflate(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        let scratch = borrow()
        defer { giveBack(scratch) }
        return scratch.inflate(bytes, into: output)
    }

    private func borrow() -> CodecScratch {
        idle.withLock { $0.popLast() } ?? CodecScratch()
    }

    private func giveBack(_ scratch: CodecScratch) {
        idle.withLock { $0.append(scratch) }
    }
}
