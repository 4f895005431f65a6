import NIOCore
import Wire

/// A write that is ready to be applied: everything that can be done before its turn has been done.
struct WriteOperation: Sendable {
    /// Set when the client wants the write exactly once.
    let stamp: ProducerStamp?
    /// Applies the write and gives the encoded result; a thrown ``WireError`` undoes this write alone. It is called again
    /// when its group must be applied again, so what is not the transaction's is left to ``WriteTransaction/afterCommit(_:)``.
    let apply: @Sendable (WriteTransaction) throws -> ByteBuffer

    /// A write that is refused when its turn comes, so that its place in the sequence is used up.
    static func refused(_ error: WireError, stamp: ProducerStamp?) -> WriteOperation {
        WriteOperation(stamp: stamp) { _ in throw error }
    }
}
