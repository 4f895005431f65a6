public import NIOCore
import Synchronization

/// Gathers the bytes of arrays while a message is encoded, to be sent behind it as attachments.
public final class AttachmentSink: Sendable {
    private let buffers = Mutex<[ByteBuffer]>([])

    public init() {}

    /// The bytes of the arrays encoded so far, in order.
    public var attachments: [ByteBuffer] { buffers.withLock { $0 } }

    func add(_ bytes: ByteBuffer) -> Int {
        buffers.withLock { buffers in
            buffers.append(bytes)
            return buffers.count - 1
        }
    }
}
