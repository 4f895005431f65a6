import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Wire

/// The TCP door: accepts connections and serves each until the server shuts down.
struct SocketListener: Service {
    let host: String
    let port: Int
    /// Nil: the door speaks without TLS.
    let tls: TLSLayer?
    let dispatcher: Dispatcher
    let welcome: Welcome
    let limits: SocketLimits
    let meters: Meters.Door
    let log: RequestLog
    let answers: AnswerMemory
    let logger: Logger
    let onBound: @Sendable (SocketAddress?) async -> Void

    private typealias Client = (channel: NIOAsyncChannel<InboundFrame, ByteBuffer>, handler: NIOLoopBound<FrameHandler>)

    func run() async throws {
        let memory = RequestMemory(bytes: limits.memory)
        let server = try await bind(memory)
        await onBound(server.channel.localAddress)
        let open = OpenChannels(limits)
        try await withGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await memory.giveBackIdle() }
                try await server.executeThenClose { clients in
                    for try await client in clients {
                        Self.arriving.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(client.channel.channel)) }
                        let place = open.insert(client.channel.channel)
                        if place != .served {
                            logger.warning("too many connections", metadata: ["limit": "\(limits.connections)"])
                        }
                        group.addTask {
                            await serve(client, at: place)
                            open.remove(client.channel.channel)
                        }
                    }
                }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
            // No more input: what has arrived is answered, then the connections end.
            open.closeInputs()
        }
    }

    /// Clients that were accepted and not taken up yet. NIO ends the process when such a channel is let go without being
    /// used, as happens to one that comes just when the server shuts down; so they are held until then, or for good.
    private static let arriving = Mutex<[ObjectIdentifier: NIOAsyncChannel<InboundFrame, ByteBuffer>]>([:])

    private func serve(_ client: Client, at place: OpenChannels.Place) async {
        if place == .closed { client.channel.channel.close(promise: nil) }
        await SocketConnection(
            channel: client.channel,
            handler: client.handler,
            dispatcher: dispatcher,
            welcome: welcome,
            limits: limits,
            meter: meters.requests,
            log: log.of(client.channel.channel.remoteAddress),
            answers: answers,
            logger: logger,
            refusal: place == .served ? nil : tooMany
        ).run()
    }

    private var tooMany: WireError {
        WireError(
            .overloaded,
            "the server has \(limits.connections) connections already, as many as it takes; try again later"
        )
    }

    private func bind(_ memory: RequestMemory) async throws -> NIOAsyncChannel<Client, Never> {
        try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { $0.pipeline.addHandler(AcceptPause()) }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 2048,
                    initial: 8192,
                    maximum: tls == nil ? 1 << 16 : 1 << 20
                )
            )
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try tls?.add(to: channel)
                    let handler = FrameHandler(
                        limits: limits,
                        memory: memory,
                        traffic: meters.traffic,
                        isPlain: tls == nil
                    )
                    try channel.pipeline.syncOperations.addHandler(handler)
                    let client = try NIOAsyncChannel<InboundFrame, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: false)
                    )
                    Self.arriving.withLock { $0[ObjectIdentifier(channel)] = client }
                    return (client, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
    }
}

/// The channels of connected clients, to be told when the server shuts down.
private final class OpenChannels: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
    }

    /// What becomes of a client.
    enum Place {
        case served
        /// It is told that there are too many.
        case refused
        /// There are too many of those, too.
        case closed
    }

    private let limits: SocketLimits
    private let state = Mutex(State())

    init(_ limits: SocketLimits) { self.limits = limits }

    /// Adds a channel that is not to be closed at once.
    func insert(_ channel: any Channel) -> Place {
        let (place, isClosing): (Place, Bool) = state.withLock { state in
            let count = state.channels.count
            guard count < limits.connections + limits.refusedConnections else { return (.closed, false) }
            state.channels[ObjectIdentifier(channel)] = channel
            return (count < limits.connections ? .served : .refused, state.isClosing)
        }
        if isClosing { channel.close(mode: .input, promise: nil) }
        return place
    }

    func remove(_ channel: any Channel) {
        state.withLock { _ = $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    func closeInputs() {
        let channels = state.withLock { state in
            state.isClosing = true
            return Array(state.channels.values)
        }
        for channel in channels {
            channel.close(mode: .input, promise: nil)
            // A client that does not read its answers can't hold the server up.
            channel.eventLoop.scheduleTask(in: limits.drainTime) { channel.close(promise: nil) }
        }
    }
}
