import HummingbirdCore
import Logging
import NIOCore

/// A connection of the HTTP door with TLS below it.
struct SecureChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let layer: TLSLayer

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        channel.eventLoop.makeCompletedFuture { try layer.add(to: channel) }
            .flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
