import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Wire

/// Refuses a request whose body is too large as soon as that shows, and closes the connection instead of reading it all.
///
/// Used on its channel's event loop only.
final class BodyLimit: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let maximumBytes: Int
    private var bytes = 0
    private var isRefused = false

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            bytes = 0
            if let length = head.headerFields[.contentLength].map({ Int($0) ?? .max }), length > maximumBytes {
                return refuse(context)
            }
        case .body(let part):
            bytes += part.readableBytes
            if bytes > maximumBytes { return refuse(context) }
        case .end: break
        }
        context.fireChannelRead(data)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        let text =
            "{\"error\":{\"kind\":\"parse_error\",\"message\":\"the body is larger than \(maximumBytes) bytes\"}}"
        let body = ByteBuffer(string: text)
        let head = HTTPResponse(
            status: .contentTooLarge,
            headerFields: [
                .contentType: "application/json", .contentLength: "\(body.readableBytes)", .connection: "close",
            ]
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
