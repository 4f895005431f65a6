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
        let open = OpenChannels(maximum: limits.connections, drainTime: limits.drainTime)
        try await withGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                try await server.executeThenClose { clients in
                    for try await client in clients {
                        Self.arriving.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(client.channel.channel)) }
                        guard open.insert(client.channel.channel) else {
                            logger.warning("too many connections", metadata: ["limit": "\(limits.connections)"])
                            client.channel.channel.close(promise: nil)
                            group.addTask { await serve(client) }
                            continue
                        }
                        group.addTask {
                            await serve(client)
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

    private func serve(_ client: Client) async {
        await SocketConnection(
            channel: client.channel,
            handler: client.handler,
            dispatcher: dispatcher,
            welcome: welcome,
            limits: limits,
            meter: meters.requests,
            log: log.of(client.channel.channel.remoteAddress),
            answers: answers,
            logger: logger
        ).run()
    }

    private func bind(_ memory: RequestMemory) async throws -> NIOAsyncChannel<Client, Never> {
        try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 8192, maximum: 1 << 20)
            )
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try tls?.add(to: channel)
                    let handler = FrameHandler(limits: limits, memory: memory, traffic: meters.traffic)
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

    private let maximum: Int
    private let drainTime: TimeAmount
    private let state = Mutex(State())

    init(maximum: Int, drainTime: TimeAmount) {
        self.maximum = maximum
        self.drainTime = drainTime
    }

    /// Adds a channel; false when there are too many.
    func insert(_ channel: any Channel) -> Bool {
        let (isInserted, isClosing) = state.withLock { state in
            guard state.channels.count < maximum else { return (false, false) }
            state.channels[ObjectIdentifier(channel)] = channel
            return (true, state.isClosing)
        }
        if isClosing { channel.close(mode: .input, promise: nil) }
        return isInserted
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
            channel.eventLoop.scheduleTask(in: drainTime) { channel.close(promise: nil) }
        }
    }
}
