import NIOCore
import Wire

/// A write that is ready to be applied: everything that can be done before its turn has been done.
struct WriteOperation: Sendable {
    /// Set when the client wants the write exactly once.
    let stamp: ProducerStamp?
    /// The method that the stamp belongs to.
    var method: String?
    /// What the write is answered with also when its place in the sequence was used before: who may not ask is not told the
    /// first answer either.
    var refusal: WireError?
    /// Whether the answer may be stored for a repetition; one with a secret in it may not.
    var keepsAnswer = true
    /// Applies the write and gives the encoded result; a thrown ``WireError`` undoes this write alone. It is called again
    /// when its group must be applied again, so what is not the transaction's is left to ``WriteTransaction/afterCommit(_:)``.
    let apply: @Sendable (WriteTransaction) throws -> ByteBuffer

    /// A write that is refused when its turn comes, so that its place in the sequence is used up.
    ///
    /// - Parameter isAlways: Whether it is refused also where the place was used before.
    static func refused(
        _ error: WireError,
        stamp: ProducerStamp?,
        method: String,
        isAlways: Bool = false
    ) -> WriteOperation {
        WriteOperation(stamp: stamp, method: method, refusal: isAlways ? error : nil) { _ in throw error }
    }
}
