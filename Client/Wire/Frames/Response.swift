public import NIOCore

/// A JSON-RPC response: a result or an error, and the id of its request (nil when that could not be read).
public struct Response: Sendable, Equatable {
    public let id: RequestID?
    public let outcome: Outcome

    public init(id: RequestID?, outcome: Outcome) {
        self.id = id
        self.outcome = outcome
    }

    /// How a request ended.
    public enum Outcome: Sendable, Equatable {
        /// An encoded JSON object, and the attachments that its arrays refer to.
        case result(ByteBuffer, attachments: [ByteBuffer])
        case failure(WireError)
    }

    /// Reads a response from a frame.
    public init(_ frame: Frame) throws(WireError) {
        id = frame.member("id").flatMap { try? JSONCoding.decode(RequestID.self, from: $0) }
        if let error = frame.member("error") {
            outcome = .failure(try JSONCoding.decode(WireError.self, from: error))
        } else if let result = frame.member("result") {
            outcome = .result(result, attachments: frame.attachments)
        } else {
            throw WireError(.invalidRequest, "a response has either \"result\" or \"error\"")
        }
    }

    /// The response as one JSON object, without its attachments.
    public func payload() throws -> ByteBuffer {
        var payload = ByteBuffer(string: "{\"jsonrpc\":\"2.0\",\"id\":")
        payload.writeImmutableBuffer(try id.map { try JSONCoding.encode($0) } ?? ByteBuffer(string: "null"))
        switch outcome {
        case .failure(let error):
            payload.writeString(",\"error\":")
            payload.writeImmutableBuffer(try JSONCoding.encode(error))
        case .result(let result, let attachments):
            payload.writeString(",\"result\":")
            payload.writeImmutableBuffer(result)
            if !attachments.isEmpty {
                payload.writeString(",\"attachments\":")
                payload.writeImmutableBuffer(try JSONCoding.encode(attachments.map(\.readableBytes)))
            }
        }
        payload.writeString("}")
        return payload
    }

    /// The buffers to send, in order: length and payload, then the attachments as they are.
    public func encode() throws -> [ByteBuffer] {
        let payload = try payload()
        guard case .result(_, let attachments) = outcome else {
            return FrameEncoder.encode(payload: payload, attachments: [])
        }
        return FrameEncoder.encode(payload: payload, attachments: attachments)
    }
}
