import NIOCore
import Synchronization

/// The chunks of several rows that were decompressed last, for whoever reads a run row by row.
final class RecentChunks: Sendable {
    private struct State {
        var chunks: [ChunkedRow.ChunkID: (bytes: ByteBuffer, use: Int)] = [:]
        var bytes = 0
        var clock = 0
    }

    /// Of all chunks that are kept.
    private static let capacity = 16 << 20
    private let state = Mutex(State())

    func recall(_ id: ChunkedRow.ChunkID) -> ByteBuffer? {
        state.withLock { state in
            state.clock += 1
            state.chunks[id]?.use = state.clock
            return state.chunks[id]?.bytes
        }
    }

    func remember(_ bytes: ByteBuffer, _ id: ChunkedRow.ChunkID) {
        guard bytes.readableBytes <= Self.capacity / 4 else { return }
        state.withLock { state in
            state.clock += 1
            // Another thread may have been as far.
            if state.chunks.updateValue((bytes, state.clock), forKey: id) == nil { state.bytes += bytes.readableBytes }
            while state.bytes > Self.capacity, let oldest = state.chunks.min(by: { $0.value.use < $1.value.use }) {
                state.chunks[oldest.key] = nil
                state.bytes -= oldest.value.bytes.readableBytes
            }
        }
    }
}
