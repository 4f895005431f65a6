import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization
import Wire

/// Answers the requests of a connection that is one too many, and closes it.
///
/// Used on its channel's event loop only.
final class ConnectionLimit: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    /// How many connections there are, for all event loops.
    final class Count: Sendable {
        let maximum: Int
        private let connections = Mutex(0)

        init(maximum: Int) { self.maximum = maximum }

        /// Counts a connection in; false: it is one too many.
        fileprivate func enter() -> Bool {
            connections.withLock { connections in
                connections += 1
                return connections <= maximum
            }
        }

        fileprivate func leave() { connections.withLock { $0 -= 1 } }
    }

    private let count: Count
    private var isServed = false

    init(_ count: Count) { self.count = count }

    func handlerAdded(context: ChannelHandlerContext) { isServed = count.enter() }

    func handlerRemoved(context: ChannelHandlerContext) { count.leave() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isServed else { return context.fireChannelRead(data) }
        guard case .head = unwrapInboundIn(data) else { return }
        HTTPFailure(
            .serviceUnavailable,
            .overloaded,
            "the server has \(count.maximum) connections already, as many as it takes; try again later"
        ).send(on: context)
    }
}
