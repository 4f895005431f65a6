import HummingbirdCore
import NIOCore

extension HTTPServerBuilder {
    /// HTTP/1.1 with bodies of limited size, over TLS where a layer is given.
    static func door(largestBody: Int, traffic: Traffic, tls: TLSLayer?) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            let channel = HTTP1Channel(
                responder: responder,
                configuration: .init(
                    additionalChannelHandlers: [HTTPTraffic(traffic), BodyLimit(maximumBytes: largestBody)],
                    idleTimeout: .seconds(75)
                )
            )
            guard let tls else { return channel }
            return SecureChannel(base: channel, layer: tls)
        }
    }
}
