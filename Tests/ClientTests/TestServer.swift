import NIOCore
import NIOPosix
import Synchronization
import Wire

@testable import Holdfast

/// A server on a free port of the loopback that answers as the test says.
final class TestServer: Sendable {
    /// What it does with a request.
    enum Reaction: Sendable {
        case answer(Response.Outcome)
        case silence
        /// Closes the connection without an answer.
        case cut

        static func result(_ json: String) -> Reaction {
            .answer(.result(ByteBuffer(string: json), attachments: []))
        }

        static func refusal(_ kind: WireError.Kind, _ details: [String: JSONValue] = [:]) -> Reaction {
            .answer(.failure(WireError(kind, "by the test", details: details)))
        }
    }

    /// A request as it came.
    struct Received: Sendable {
        let request: Request
        let stamp: ProducerStamp?
        /// 1 for the first connection.
        let connection: Int
        let size: FrameLimits

        var method: String { request.method }
    }

    typealias Script = @Sendable (Received) -> Reaction

    /// Takes everything and answers nothing.
    static let silent: Script = { _ in .silence }
    /// Lets nobody in.
    static let forbidding: Script = { _ in .refusal(.unauthorized) }

    private struct State {
        var received: [Received] = []
        var connections: [any Channel] = []
        var listener: (any Channel)?
    }

    private let state = Mutex(State())
    private let script: Script

    /// Serves while the body runs; `script` decides about every request, `hello` included.
    static func serving(
        port: Int = 0,
        _ script: @escaping Script,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let server = TestServer(script: script)
        try await server.listen(port: port)
        do {
            try await body(server)
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    private init(script: @escaping Script) { self.script = script }

    var port: Int { state.withLock { $0.listener?.localAddress?.port } ?? 0 }
    var address: String { "127.0.0.1:\(port)" }
    var received: [Received] { state.withLock { $0.received } }
    var connectionCount: Int { state.withLock { $0.connections.count } }

    func received(_ method: String) -> [Received] { received.filter { $0.method == method } }

    /// Closes all connections.
    func cutAll() {
        for connection in state.withLock({ $0.connections }) { connection.close(promise: nil) }
    }

    private func listen(port: Int) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let number = self.state.withLock { state in
                    state.connections.append(channel)
                    return state.connections.count
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(server: self, connection: number))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { $0.listener = listener }
    }

    private func stop() async throws {
        cutAll()
        try await state.withLock { $0.listener }?.close()
    }

    private func reaction(to received: Received) -> Reaction {
        state.withLock { $0.received.append(received) }
        return script(received)
    }

    /// One connection.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let server: TestServer
        private let connection: Int
        private var decoder = FrameDecoder(limits: FrameLimits())

        init(server: TestServer, connection: Int) {
            self.server = server
            self.connection = connection
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            decoder.append(unwrapInboundIn(data))
            do {
                while case .frame(let frame) = try decoder.next() { try answer(frame, context) }
            } catch {
                context.fireErrorCaught(error)
                context.close(promise: nil)
            }
        }

        private func answer(_ frame: Frame, _ context: ChannelHandlerContext) throws {
            let request = try Request(frame)
            let size = FrameLimits(
                payload: frame.payload.readableBytes,
                attachments: frame.attachments.reduce(0) { $0 + $1.readableBytes }
            )
            let received = Received(
                request: request,
                stamp: try? request.decode(ProducerStamp.self),
                connection: connection,
                size: size
            )
            switch server.reaction(to: received) {
            case .silence: break
            case .cut: context.close(promise: nil)
            case .answer(let outcome):
                for buffer in try Response(id: request.id, outcome: outcome).encode() {
                    context.channel.writeAndFlush(buffer, promise: nil)
                }
            }
        }
    }
}
