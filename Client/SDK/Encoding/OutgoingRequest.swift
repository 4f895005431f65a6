import NIOCore
import Wire

/// A request of the outbox: what it says and which records it settles.
struct OutgoingRequest: Sendable {
    let method: any Method
    let records: Int
    /// What its records take in the buffer.
    let bytes: Int
    /// Payload and attachments, with the longest stamp.
    let size: FrameLimits
    /// Its batch.
    let ordinal: Int64
    /// Its place among the batch's requests.
    let part: UInt32
    let reply: Batch.Reply?

    func fits(_ limits: FrameLimits) -> Bool {
        size.payload <= limits.payload && size.attachments <= limits.attachments
    }

    /// The bytes to send.
    func encode(id: Int64, stamp: ProducerStamp?) throws -> [ByteBuffer] {
        if let steps = method as? StepsAppend {
            return try Request.encode(steps.compressed(), id: .integer(id), stamp: stamp)
        }
        return try Request.encode(method, id: .integer(id), stamp: stamp)
    }

    /// The rows of metrics that the server did not take, although it took the request.
    func refusedRows(_ answer: Batch.Answer) -> [RejectedRow] {
        guard method is MetricsAppend else { return [] }
        // An answer that is too old to be known in full says nothing of single rows.
        return (try? JSONCoding.decode(MetricsAppend.Result.self, from: answer.result).rejected) ?? []
    }
}

extension FrameLimits {
    /// The size of a method's request under the longest stamp.
    init(of method: any Method) throws {
        let stamp = ProducerStamp(producer: String(repeating: "0", count: 36), seq: .max)
        let buffers = try Request.encode(method, id: .integer(.max), stamp: stamp)
        self.init(
            payload: (buffers.first?.readableBytes ?? 4) - 4,
            attachments: buffers.dropFirst().reduce(0) { $0 + $1.readableBytes }
        )
    }
}
