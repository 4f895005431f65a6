import NIOCore
import Wire

/// Records that travel together, in the order in which they were logged.
struct Batch: Sendable {
    enum Content: Sendable {
        case metrics([MetricRecord])
        case steps(runID: String, [StepRecord])
        case images([ImagesInsert.Image])
        case request(any Method, reply: Reply?)
    }

    /// How a caller who waits for a request learns of its answer.
    typealias Reply = @Sendable (Result<Answer, any Error>) -> Void

    /// A result, not yet decoded.
    struct Answer: Sendable {
        let result: ByteBuffer
        let attachments: [ByteBuffer]
    }

    let content: Content
    /// The memory it takes, about.
    let bytes: Int
    /// 1, 2, 3, … in the order of sealing.
    let ordinal: Int64
}
