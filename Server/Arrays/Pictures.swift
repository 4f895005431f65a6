import HDF5
import NIOCore
import PNG
import Synchronization
import Wire

/// Arrays as PNG pictures, with the latest ones kept in memory.
final class Pictures: Sendable {
    private struct Key: Hashable {
        let ref: FrameRef
        let size: Int?
    }

    private struct Cache {
        var pictures: [Key: (bytes: ByteBuffer, use: Int)] = [:]
        var bytes = 0
        var clock = 0
    }

    private static let capacity = 64 << 20

    private let arrays: ArrayStore
    private let cache = Mutex(Cache())

    init(arrays: ArrayStore) { self.arrays = arrays }

    /// The PNG of a frame, its longer side at most `size` pixels; nil where there is no array.
    func picture(of ref: FrameRef, size: Int?) async throws -> ByteBuffer? {
        let key = Key(ref: ref, size: size)
        if let known = recall(key) { return known }
        guard let array = try await arrays.read([ref])[0] else { return nil }
        let bytes = try await arrays.pool.map([array]) { try Self.render($0, size: size) }[0]
        remember(bytes, key)
        return bytes
    }

    private static func render(_ array: StoredArray, size: Int?) throws -> ByteBuffer {
        do throws(PNGError) {
            let layout = array.layout
            let bitmap = try Thumbnail.render(
                dtype: layout.dtype,
                shape: layout.shape,
                buffer: array.bytes,
                size: size
            )
            return ByteBuffer(bytes: try PNGEncoder.encode(bitmap))
        } catch {
            throw WireError("not_an_image", "the array can't be shown as a picture: \(error)")
        }
    }

    private func recall(_ key: Key) -> ByteBuffer? {
        cache.withLock { cache in
            cache.clock += 1
            cache.pictures[key]?.use = cache.clock
            return cache.pictures[key]?.bytes
        }
    }

    private func remember(_ bytes: ByteBuffer, _ key: Key) {
        cache.withLock { cache in
            cache.clock += 1
            if cache.pictures.updateValue((bytes, cache.clock), forKey: key) == nil {
                cache.bytes += bytes.readableBytes
            }
            guard cache.bytes > Self.capacity else { return }
            // A quarter at once, so that a full cache is not sorted for every picture.
            for (old, entry) in cache.pictures.sorted(by: { $0.value.use < $1.value.use }) {
                cache.pictures[old] = nil
                cache.bytes -= entry.bytes.readableBytes
                if cache.bytes <= Self.capacity * 3 / 4 { break }
            }
        }
    }
}
