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
        HTTPFailure(.contentTooLarge, .parseError, "the body is larger than \(maximumBytes) bytes").send(on: context)
    }
}
