import NIOCore
import Synchronization

/// Memory that large requests came in, kept for the next ones for a while: to get it from the system, page by page, takes
/// longer than to receive into it.
final class BlockPool: Sendable {
    /// Smaller blocks are the business of `malloc`.
    static let smallest = 1 << 20
    /// A request does not get a block that is larger by more than this factor.
    private static let mostWaste = 4

    private struct Idle {
        /// Others may still hold parts of it for a moment.
        var block: ByteBuffer
        var age = 0
    }

    private let capacity: Int
    /// The last one was used last.
    private let idle = Mutex<[Idle]>([])

    /// - Parameter capacity: The bytes of all blocks that are kept.
    init(capacity: Int = 128 << 20) { self.capacity = capacity }

    /// The bytes of the blocks that are kept.
    var keptBytes: Int { idle.withLock { Self.bytes($0) } }

    private static func bytes(_ idle: [Idle]) -> Int { idle.reduce(0) { $0 + $1.block.storageCapacity } }

    /// Memory for a request.
    func take(_ bytes: Int) -> ByteBuffer {
        let kept = idle.withLock { idle -> ByteBuffer? in
            let place = idle.indices.last { place in
                let size = idle[place].block.storageCapacity
                guard size >= bytes, size <= bytes * Self.mostWaste else { return false }
                return idle[place].block.modifyIfUniquelyOwned { $0.clear() } != nil
            }
            return place.map { idle.remove(at: $0).block }
        }
        if let kept { return kept }
        var block = ByteBuffer()
        block.reserveCapacity(bytes)
        return block
    }

    /// Keeps the memory of a request that is done, in place of what lies there longest.
    ///
    /// - Parameter part: Any part of the block.
    func keep(_ part: ByteBuffer) {
        guard part.storageCapacity >= Self.smallest, part.storageCapacity <= capacity else { return }
        let surplus = idle.withLock { idle in
            idle.append(Idle(block: part))
            var surplus: [Idle] = []
            while Self.bytes(idle) > capacity { surplus.append(idle.removeFirst()) }
            return surplus
        }
        // Freed outside of the lock.
        withExtendedLifetime(surplus) {}
    }

    /// Gives back what was not used since the call before this one; whether that was anything.
    func age() -> Bool {
        let old = idle.withLock { idle in
            for place in idle.indices { idle[place].age += 1 }
            let old = idle.filter { $0.age > 1 }
            idle.removeAll { $0.age > 1 }
            return old
        }
        return !old.isEmpty
    }
}
