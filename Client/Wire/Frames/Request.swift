public import NIOCore

/// A JSON-RPC request as it came, its parameters not yet decoded.
public struct Request: Sendable {
    public let id: RequestID
    public let method: String
    public let params: ByteBuffer
    public let attachments: [ByteBuffer]

    /// Reads the envelope of a frame; the thrown error is answered with ``RequestFailure/id``.
    public init(_ frame: Frame) throws(RequestFailure) {
        var id: RequestID?
        func refuse(_ message: String) -> RequestFailure {
            RequestFailure(id: id, error: WireError(.invalidRequest, message))
        }
        id = frame.member("id").flatMap { try? JSONCoding.decode(RequestID.self, from: $0) }
        guard let version = frame.member("jsonrpc"), String(buffer: version) == "\"2.0\"" else {
            throw refuse("\"jsonrpc\" must be \"2.0\"")
        }
        guard let id else {
            throw refuse("\"id\" must be a string or a number: a request without it could not be acknowledged")
        }
        guard let name = frame.member("method"), let method = try? JSONCoding.decode(String.self, from: name) else {
            throw refuse("\"method\" must be a string")
        }
        self.id = id
        self.method = method
        self.params = frame.member("params") ?? ByteBuffer(string: "{}")
        self.attachments = frame.attachments
    }

    /// The parameters as the method's type.
    public func decode<Parameters: Decodable>(_ type: Parameters.Type) throws(WireError) -> Parameters {
        try JSONCoding.decode(type, from: params, attachments: attachments)
    }

    /// The bytes of a frame that calls a method.
    public static func encode<M: Method>(
        _ method: M,
        id: RequestID,
        stamp: ProducerStamp? = nil
    ) throws -> [ByteBuffer] {
        let sink = AttachmentSink()
        let params = Stamped(method: method, stamp: stamp)
        let payload =
            if stamp == nil, let method = method as? any JSONWritable {
                try write(method, named: M.name, id: id, sink: sink)
            } else {
                try JSONCoding.encode(Envelope(id: id, method: M.name, params: params, sink: sink), sink: sink)
            }
        return FrameEncoder.encode(payload: payload, attachments: sink.attachments)
    }

    private static func write(
        _ params: any JSONWritable,
        named method: String,
        id: RequestID,
        sink: AttachmentSink
    ) throws -> ByteBuffer {
        var json = JSONWriter(sink: sink)
        try json.object { json in
            json.member("jsonrpc", "2.0")
            try json.memberIfPresent("id", encoding: id)
            json.member("method", method)
            try json.memberIfPresent("params", encoding: params)
            if !sink.attachments.isEmpty { json.member("attachments", sink.attachments.map(\.readableBytes)) }
        }
        return ByteBuffer(string: json.text)
    }

    private struct Envelope<Params: Encodable>: Encodable {
        let id: RequestID
        let method: String
        let params: Params
        let sink: AttachmentSink

        private enum CodingKeys: CodingKey {
            case jsonrpc
            case id
            case method
            case params
            case attachments
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode("2.0", forKey: .jsonrpc)
            try container.encode(id, forKey: .id)
            try container.encode(method, forKey: .method)
            try container.encode(params, forKey: .params)
            // Only now, behind the parameters, has the sink seen every array.
            if !sink.attachments.isEmpty {
                try container.encode(sink.attachments.map(\.readableBytes), forKey: .attachments)
            }
        }
    }

    private struct Stamped<M: Method>: Encodable {
        let method: M
        let stamp: ProducerStamp?

        func encode(to encoder: any Encoder) throws {
            try method.encode(to: encoder)
            try stamp?.encode(to: encoder)
        }
    }
}

/// A request that could not be read, with its id where that much was clear.
public struct RequestFailure: Error, Equatable {
    public let id: RequestID?
    public let error: WireError
}
