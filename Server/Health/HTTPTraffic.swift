import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Counts a connection of the HTTP door, and the bytes of the bodies that go over it.
final class HTTPTraffic: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let traffic: Traffic

    init(_ traffic: Traffic) { self.traffic = traffic }

    func handlerAdded(context: ChannelHandlerContext) { traffic.opened() }

    func handlerRemoved(context: ChannelHandlerContext) { traffic.closed() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .body(let part) = unwrapInboundIn(data) { traffic.received.add(part.readableBytes) }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .body(let part) = unwrapOutboundIn(data) { traffic.sent.add(part.readableBytes) }
        context.write(data, promise: promise)
    }
}
