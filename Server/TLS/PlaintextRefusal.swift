import NIOCore

/// Tells clients that do not speak TLS that they should, in words of the door's own protocol.
///
/// Used on its channel's event loop only.
final class PlaintextRefusal: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The type of the record that every TLS client begins with; no frame and no HTTP request has it as its first byte.
    private static let handshakeRecord: UInt8 = 22

    private let answer: ByteBuffer
    private var isRefused = false

    init(answer: ByteBuffer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        guard unwrapInboundIn(data).readableBytesView.first == Self.handshakeRecord else { return refuse(context) }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.value.writeAndFlush(wrapOutboundOut(answer)).whenComplete { _ in
            // Not all of it: what the client still sends would have the answer thrown away before it is read.
            context.value.close(mode: .output, promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isRefused, case ChannelEvent.inputClosed = event { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
