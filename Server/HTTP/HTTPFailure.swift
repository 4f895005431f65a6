import Hummingbird
import NIOCore
import Wire

/// A request that is refused before it reaches a method.
struct HTTPFailure: HTTPResponseError {
    private struct Body: Encodable {
        struct Members: Encodable {
            let kind: String
            let message: String
        }

        let error: Members
    }

    let status: HTTPResponse.Status
    let error: WireError
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ kind: WireError.Kind, _ message: String) {
        self.status = status
        error = WireError(kind, message)
    }

    init(_ status: HTTPResponse.Status, _ error: WireError) {
        self.status = status
        self.error = error
    }

    /// `{"error": {"kind", "message", …}}`, as everywhere on this door outside of JSON-RPC.
    func response(
        from request: Hummingbird.Request,
        context: some Hummingbird.RequestContext
    ) throws -> Hummingbird.Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: try body()))
    }

    func body() throws -> ByteBuffer {
        try JSONCoding.encode(Body(error: .init(kind: error.kind.rawValue, message: error.message)))
    }
}
