import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Wire

/// One connection, from the TCP handshake over that of TLS and `hello` to its end.
final class Session: ChannelInboundHandler, @unchecked Sendable {  // everything but `init` runs on `loop`
    typealias InboundIn = ByteBuffer

    enum Event: Sendable {
        /// The server has answered `hello`.
        case ready(Hello.Result)
        case response(Response)
        /// The last event.
        case closed(any Error)
    }

    private enum State {
        case connecting
        case greeting(any Channel)
        case ready(any Channel)
        case closed
    }

    private static let helloID = RequestID.integer(0)

    private let loop: any EventLoop
    private let settings: ConnectionSettings
    private let producer: String?
    private let onEvent: (Event) -> Void
    private var decoder = FrameDecoder(limits: FrameLimits())
    private var state = State.connecting
    private var helloTimeout: Scheduled<Void>?
    /// When bytes last went out or came in.
    private(set) var lastProgress: NIODeadline
    /// When bytes last came in.
    private(set) var lastReceipt: NIODeadline

    init(
        on loop: any EventLoop,
        settings: ConnectionSettings,
        producer: String? = nil,
        onEvent: @escaping (Event) -> Void
    ) {
        self.loop = loop
        self.settings = settings
        self.producer = producer
        self.onEvent = onEvent
        lastProgress = loop.now
        lastReceipt = loop.now
    }

    /// Starts the connection; the future completes when the attempt is over, with success or not.
    func connect() -> EventLoopFuture<Void> {
        let attempt = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(settings.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let trust = self.settings.trust { try pipeline.addHandler(trust.makeHandler()) }
                    try pipeline.addHandler(self)
                }
            }
            .connect(host: settings.address.host, port: settings.address.port)
        attempt.whenFailure { self.finish($0) }
        return attempt.map { _ in }
    }

    /// Writes a request; before `hello` is answered nothing may be written.
    func send(_ buffers: [ByteBuffer]) {
        guard case .ready(let channel) = state else { return }
        lastProgress = loop.now
        write(buffers, to: channel)
    }

    func close() { finish(HoldfastError(.closed, "the connection was closed")) }

    /// Ends the connection because nothing comes back.
    func closeAsDead() {
        finish(HoldfastError(.timeout, "the server at \(settings.address) has not answered in time"))
    }

    /// Of a connection on which nothing was ever said.
    static func isMute(_ address: ServerAddress) -> HoldfastError {
        HoldfastError(
            .timeout,
            "\(address) takes connections but does not answer: if another program has this port, name the server's TCP door, by default port 7411"
        )
    }

    func channelActive(context: ChannelHandlerContext) {
        guard case .connecting = state else { return context.close(promise: nil) }
        state = .greeting(context.channel)
        // A call may take long; a greeting does not, whatever the call is for.
        let patience = min(settings.requestTimeout, .seconds(30))
        helloTimeout = loop.scheduleTask(in: TimeAmount(patience)) { self.finish(Self.isMute(self.settings.address)) }
        // Over TLS the token is for a server whose certificate was seen.
        if settings.trust == nil { greet(context.channel) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let trust = settings.trust, case .handshakeCompleted? = event as? TLSUserEvent, context.channel === channel {
            do {
                let tls = try context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
                try trust.checkName(in: tls.peerCertificate)
                greet(context.channel)
            } catch {
                finish(error)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func greet(_ channel: any Channel) {
        do {
            let hello = Hello(client: settings.clientName, token: settings.token, producer: producer)
            write(try Request.encode(hello, id: Self.helloID), to: channel)
        } catch {
            finish(error)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastReceipt = loop.now
        lastProgress = lastReceipt
        decoder.append(unwrapInboundIn(data))
        do {
            while !isClosed {
                switch try decoder.next() {
                case .frame(let frame): try received(Response(frame))
                case .refused(let error): throw error
                case .needsMore: return
                }
            }
        } catch {
            let message =
                "\(settings.address) does not speak the protocol; is it the HTTP door? Training code and commands use the other one, 7411 by default"
            finish(HoldfastError(.protocolViolation, message, cause: error))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // An address of the host that was tried beside the one in use may end later.
        guard context.channel === channel else { return }
        finish(HoldfastError(.unreachable, "the server at \(settings.address) closed the connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard context.channel === channel else { return }
        let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
        finish(settings.trust?.explain(error, certificate: tls?.peerCertificate) ?? error)
    }

    private var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    private var channel: (any Channel)? {
        switch state {
        case .greeting(let channel), .ready(let channel): channel
        case .connecting, .closed: nil
        }
    }

    private func received(_ response: Response) throws {
        if response.id == nil, case .failure(let error) = response.outcome {
            return finish(error)  // the server could not read what came, and closes
        }
        guard case .greeting(let channel) = state else { return onEvent(.response(response)) }
        guard response.id == Self.helloID else { throw WireError(.invalidRequest, "a response before that to hello") }
        switch response.outcome {
        case .failure(let error): finish(error)
        case .result(let body, _):
            let hello = try JSONCoding.decode(Hello.Result.self, from: body)
            helloTimeout?.cancel()
            decoder.limits = hello.limits
            state = .ready(channel)
            onEvent(.ready(hello))
        }
    }

    private func write(_ buffers: [ByteBuffer], to channel: any Channel) {
        for buffer in buffers.dropLast() { channel.write(buffer, promise: nil) }
        guard let last = buffers.last else { return }
        channel.writeAndFlush(last).whenSuccess { self.lastProgress = self.loop.now }
    }

    private func finish(_ error: any Error) {
        if isClosed { return }
        let channel = channel
        state = .closed  // before the channel is, which says so at once
        channel?.close(promise: nil)
        helloTimeout?.cancel()
        let isOurs = error is HoldfastError || error is WireError
        onEvent(.closed(isOurs ? error : HoldfastError.noConnection(to: settings.address, error)))
    }
}
