import NIOCore
import NIOSSL
import Wire

/// Puts TLS below the handlers of a door's connections.
struct TLSLayer: Sendable {
    /// From the connection to the end of the handshake.
    private static let handshakeTimeout = TimeAmount.seconds(10)

    let identity: TLSIdentity
    /// What a client reads that does not speak TLS.
    let plaintextAnswer: ByteBuffer

    /// To be called before other handlers are added, on the channel's event loop.
    func add(to channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandlers([
            PlaintextRefusal(answer: plaintextAnswer), NIOSSLServerHandler(context: identity.context),
            EncryptionPacer(), HandshakeGuard(timeout: Self.handshakeTimeout),
        ])
    }
}

extension TLSLayer {
    /// For the TCP door.
    static func socket(_ identity: TLSIdentity) throws -> TLSLayer {
        let error = WireError(.tlsRequired, "this door speaks TLS: name the server as tls://HOST:PORT")
        let buffers = try Response(id: nil, outcome: .failure(error)).encode()
        let frame = buffers.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
        return TLSLayer(identity: identity, plaintextAnswer: frame)
    }

    /// For the HTTP door.
    static func http(_ identity: TLSIdentity) -> TLSLayer {
        let kind = WireError.Kind.tlsRequired.rawValue
        let body = "{\"error\":{\"kind\":\"\(kind)\",\"message\":\"this door speaks TLS: use https://\"}}\n"
        let head = [
            "HTTP/1.1 400 Bad Request", "content-type: application/json", "content-length: \(body.utf8.count)",
            "connection: close",
        ]
        let answer = head.joined(separator: "\r\n") + "\r\n\r\n" + body
        return TLSLayer(identity: identity, plaintextAnswer: ByteBuffer(string: answer))
    }
}
