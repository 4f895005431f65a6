import HummingbirdCore
import NIOCore

extension HTTPServerBuilder {
    /// HTTP/1.1 with so many connections and bodies of limited size, over TLS where a layer is given.
    static func door(connections: Int, largestBody: Int, traffic: Traffic, tls: TLSLayer?) -> HTTPServerBuilder {
        let count = ConnectionLimit.Count(maximum: connections)
        return HTTPServerBuilder { responder in
            let channel = HTTP1Channel(
                responder: responder,
                configuration: .init(
                    additionalChannelHandlers: [
                        HTTPTraffic(traffic), ConnectionLimit(count), BodyLimit(maximumBytes: largestBody),
                    ],
                    idleTimeout: .seconds(75)
                )
            )
            guard let tls else { return channel }
            return SecureChannel(base: channel, layer: tls)
        }
    }
}
