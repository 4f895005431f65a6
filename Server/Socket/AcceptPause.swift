import Glibc
import NIOCore
import NIOPosix

/// Leaves a door alone for a while when a connection that waits can't be accepted for want of descriptors or memory.
///
/// A channel goes on reading after an error, and the connection stays there: it would be tried again at once, for ever, in a thread
/// that has clients to serve. `AcceptBackoffHandler` holds back new reads, but not the one that failed.
final class AcceptPause: ChannelInboundHandler, Sendable {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(250)
    private static let passing: Set = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, Self.passing.contains(error.errnoCode) {
            let door = context.channel
            try? door.syncOptions?.setOption(.autoRead, value: false)
            context.eventLoop.scheduleTask(in: Self.pause) { try door.syncOptions?.setOption(.autoRead, value: true) }
        }
        context.fireErrorCaught(error)
    }
}
