import NIOCore

/// Hands what is to be sent to TLS a little at a time: it keeps the memory for what it encrypts at once for as long as the
/// connection lasts, and other connections wait meanwhile.
///
/// Used on its channel's event loop only.
final class EncryptionPacer: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes that are on their way to the network at once.
    static let portion = 256 << 10

    private var waiting = CircularBuffer<(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)>()
    /// Bytes that were passed on since the last flush.
    private var unflushed = 0
    /// Whether a portion is not with the network yet; it goes on when it is.
    private var isSending = false
    private var isAdvancing = false
    /// Whether who writes was not told that the channel takes more: what waits here counts as being in the channel.
    private var isHoldingBack = false
    /// To be called when nothing waits any more.
    private var closeOutput: (() -> Void)?

    func handlerRemoved(context: ChannelHandlerContext) { giveUp() }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data)
        guard waiting.isEmpty, !isSending, unflushed + bytes.readableBytes <= Self.portion else {
            return waiting.append((bytes, promise))
        }
        unflushed += bytes.readableBytes
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        unflushed = 0
        context.flush()
        advance(context)
    }

    private func advance(_ context: ChannelHandlerContext) {
        // What is sent at once says so while it is being sent.
        guard !isAdvancing else { return }
        isAdvancing = true
        while !isSending, !waiting.isEmpty { sendPortion(context) }
        isAdvancing = false
        guard waiting.isEmpty else { return }
        if isHoldingBack {
            isHoldingBack = false
            context.fireChannelWritabilityChanged()
        }
        if !isSending { closeOutput.take()?() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, !waiting.isEmpty {
            isHoldingBack = true
        } else {
            context.fireChannelWritabilityChanged()
        }
    }

    private func sendPortion(_ context: ChannelHandlerContext) {
        let sent = context.eventLoop.makePromise(of: Void.self)
        var left = Self.portion
        isSending = true
        while let (bytes, promise) = waiting.popFirst() {
            var rest = bytes
            guard bytes.readableBytes < left, !waiting.isEmpty else {
                if let part = rest.readSlice(length: min(left, bytes.readableBytes)) {
                    context.write(wrapOutboundOut(part), promise: sent)
                }
                if rest.readableBytes > 0 {
                    waiting.prepend((rest, promise))
                } else {
                    sent.futureResult.cascade(to: promise)
                }
                break
            }
            left -= bytes.readableBytes
            context.write(wrapOutboundOut(bytes), promise: promise)
        }
        sent.futureResult.assumeIsolated().whenComplete { result in
            self.isSending = false
            switch result {
            case .success: self.advance(context)
            case .failure: self.giveUp()
            }
        }
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output, isSending || !waiting.isEmpty {
            closeOutput = { context.close(mode: .output, promise: promise) }
            return advance(context)
        }
        if mode == .all { giveUp() }
        context.close(mode: mode, promise: promise)
    }

    /// What was not sent is lost with the connection, as without TLS.
    private func giveUp() {
        let lost = waiting
        waiting.removeAll()
        for (_, promise) in lost { promise?.fail(ChannelError.ioOnClosedChannel) }
        closeOutput.take()?()
    }
}
