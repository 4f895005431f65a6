import NIOCore
import Synchronization

/// What one large request takes of the memory for requests, for as long as this is held.
final class FrameMemory: Sendable {
    private let reservation: MemoryBudget.Reservation
    private let blocks: BlockPool
    private let part: Mutex<ByteBuffer?>

    /// - Parameter part: Any part of the block that the request came in.
    init(_ reservation: MemoryBudget.Reservation, part: ByteBuffer, blocks: BlockPool) {
        self.reservation = reservation
        self.blocks = blocks
        self.part = Mutex(part)
    }

    deinit { recycle() }

    /// Lets the next request have the block as soon as nobody holds a part of it any more.
    func recycle() {
        if let part = part.withLock({ $0.take() }) { blocks.keep(part) }
    }
}
