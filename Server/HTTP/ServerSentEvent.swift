import HTTPTypes
import Hummingbird
import NIOCore

/// The form of server-sent events.
enum ServerSentEvent {
    private static let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
    /// What comes first, so that the browser knows at once that it is connected.
    private static let opening = ByteBuffer(string: ": open\n\n")
    /// What is no event: it shows proxies that the stream is alive, and the server who is gone without a word.
    static let heartbeat = ByteBuffer(string: ":\n\n")
    /// What a browser sends when it connects again: the last `id` that it heard.
    static let lastID = HTTPField.Name("Last-Event-ID")

    /// An answer that goes on until its client leaves or the server stops.
    ///
    /// - Parameter body: Writes the events; cancelled when the client has left.
    static func response(
        to request: Hummingbird.Request,
        _ body: @escaping @Sendable @concurrent (inout any ResponseBodyWriter) async throws -> Void
    ) -> Hummingbird.Response {
        Hummingbird.Response(
            status: .ok,
            headers: headers,
            body: .init { writer in
                try await writer.write(opening)
                // Who only listens leaves without anything that the next write would fail of.
                try await request.body.consumeWithCancellationOnInboundClose { _ in try await body(&writer) }
                try await writer.finish(nil)
            }
        )
    }

    /// One event; its data are JSON without line breaks.
    static func bytes(_ name: String, id: String? = nil, _ data: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer(string: "event: \(name)\n")
        if let id { bytes.writeString("id: \(id)\n") }
        bytes.writeString("data: ")
        bytes.writeImmutableBuffer(data)
        bytes.writeString("\n\n")
        return bytes
    }
}
