import HTTPTypes
import NIOCore

/// The form of server-sent events.
enum ServerSentEvent {
    static let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
    /// What comes first, so that the browser knows at once that it is connected.
    static let opening = ByteBuffer(string: ": open\n\n")
    /// What a browser sends when it connects again: the last `id` that it heard.
    static let lastID = HTTPField.Name("Last-Event-ID")

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
