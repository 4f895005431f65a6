import NIOCore
import Wire

/// What the frame handler passes on.
enum InboundFrame: Sendable {
    /// A frame, and the memory it takes for as long as this is held.
    case frame(Frame, MemoryBudget.Reservation?)
    /// To be answered, and the stream goes on.
    case refused(WireError)
    /// To be answered, then the connection is closed.
    case broken(WireError)
}

/// Cuts the bytes of a connection into frames, and stops reading while there is no memory for the next one.
///
/// `@unchecked Sendable`: a channel handler is used on its event loop only; what others call hops there first.
final class FrameHandler: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = InboundFrame
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Frames smaller than this are not worth a reservation.
    private static let smallFrame = 64 << 10

    private let limits: SocketLimits
    private let memory: RequestMemory
    private let traffic: Traffic
    private var decoder = FrameDecoder(limits: .beforeHello)
    private var reservation: MemoryBudget.Reservation?
    private var reservedBytes = 0
    private var isWaitingForMemory = false
    private var isReadPending = false
    /// Whether bytes that come are wanted; otherwise it is the server that is slow.
    private var isReading = false
    private var pausedAt = NIODeadline.now()
    /// When reading went on after a pause that the client could not help.
    private var resumedAt = NIODeadline.now()
    private var isBroken = false
    /// Whether the first frame is here, which must be `hello`: from then on it is the server that is waited for.
    private var hasFirst = false
    private var bytesSinceCheck = 0
    private var lastActivity = NIODeadline.now()
    private var context: ChannelHandlerContext?

    init(limits: SocketLimits, memory: RequestMemory, traffic: Traffic) {
        self.limits = limits
        self.memory = memory
        self.traffic = traffic
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        traffic.opened()
        let loop = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: limits.helloTimeout) { loop.value.closeUnlessGreeted() }
        scheduleCheck(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        traffic.closed()
        reservation = nil
    }

    /// Called once `hello` is accepted: from now on frames may be as large as announced.
    func accept() {
        decoder.limits = limits.frames
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        lastActivity = .now()
        traffic.received.add(bytes.readableBytes)
        bytesSinceCheck += bytes.readableBytes
        guard !isBroken else { return }
        decoder.append(bytes)
        decode(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        pausedAt = .now()
        context.fireChannelReadComplete()
    }

    private func decode(_ context: ChannelHandlerContext) {
        do {
            while !isBroken {
                switch try decoder.next() {
                case .frame(let frame):
                    hasFirst = true
                    context.fireChannelRead(wrapInboundOut(.frame(frame, reservation)))
                    reservation = nil
                    reservedBytes = 0
                case .refused(let error): context.fireChannelRead(wrapInboundOut(.refused(error)))
                case .needsMore: return reserve(decoder.missingBytes, context)
                }
            }
        } catch {
            refuse(error, context)
        }
    }

    private func refuse(_ error: WireError, _ context: ChannelHandlerContext) {
        isBroken = true
        reservation = nil
        context.fireChannelRead(wrapInboundOut(.broken(error)))
        context.fireChannelReadComplete()
    }

    private func reserve(_ bytes: Int, _ context: ChannelHandlerContext) {
        guard bytes > Self.smallFrame, reservation == nil, !isWaitingForMemory else { return }
        isWaitingForMemory = true
        reservedBytes = bytes
        let loop = context.eventLoop
        let handler = NIOLoopBound(self, eventLoop: loop)
        memory.reserve(bytes) { reservation in
            loop.execute { handler.value.resume(reservation) }
        }
    }

    private func resume(_ reservation: MemoryBudget.Reservation) {
        isWaitingForMemory = false
        guard let context else { return }
        self.reservation = reservation
        if isReadPending {
            isReadPending = false
            startReading(context)
        }
    }

    func read(context: ChannelHandlerContext) {
        if isWaitingForMemory {
            isReadPending = true
        } else {
            startReading(context)
        }
    }

    private func startReading(_ context: ChannelHandlerContext) {
        if !isReading, .now() - pausedAt > .seconds(1) { resumedAt = .now() }
        isReading = true
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        lastActivity = .now()
        traffic.sent.add(unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }

    private func closeUnlessGreeted() {
        guard let context, !hasFirst, !isBroken else { return }
        refuse(
            WireError(.helloRequired, "no hello within \(limits.helloTimeout.nanoseconds / 1_000_000_000) s"),
            context
        )
    }

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        let loop = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: limits.progressInterval) { loop.value.check() }
    }

    /// What holds much memory must come on: the whole of a large frame within some minutes.
    private var slowestProgress: Int { max(limits.slowestProgress, reservedBytes / limits.mostIntervals) }

    private func check() {
        guard let context, !isBroken else { return }
        let wasWaitedFor = isReading && .now() - resumedAt >= limits.progressInterval
        if decoder.isInsideFrame, wasWaitedFor, bytesSinceCheck < slowestProgress {
            return refuse(WireError(.overloaded, "the frame comes too slowly"), context)
        }
        if .now() - lastActivity > limits.idleTimeout { return context.close(promise: nil) }
        bytesSinceCheck = 0
        scheduleCheck(context)
    }
}
