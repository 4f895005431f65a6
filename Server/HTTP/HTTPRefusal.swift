import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Wire

extension HTTPFailure {
    /// Answers a request that no route gets to see, and closes the connection.
    ///
    /// - Parameter context: That of a handler that speaks ``HTTPResponsePart``.
    func send(on context: ChannelHandlerContext) {
        let body = (try? body()) ?? ByteBuffer()
        let head = HTTPResponse(
            status: status,
            headerFields: [
                .contentType: "application/json", .contentLength: "\(body.readableBytes)", .connection: "close",
            ]
        )
        context.write(NIOAny(HTTPResponsePart.head(head)), promise: nil)
        context.write(NIOAny(HTTPResponsePart.body(body)), promise: nil)
        let channel = context.channel
        context.writeAndFlush(NIOAny(HTTPResponsePart.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
