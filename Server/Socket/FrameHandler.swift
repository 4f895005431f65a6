import NIOCore
import Wire

/// What the frame handler passes on.
enum InboundFrame: Sendable {
    /// A frame, and the memory it takes for as long as this is held.
    case frame(Frame, FrameMemory?)
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
    /// Other connections wait for so long.
    private static let mostDirectBytes = 2 << 20
    private static let worthReading = 512 << 10

    private let limits: SocketLimits
    private let memory: RequestMemory
    private let traffic: Traffic
    /// Whether the bytes of the frames are those that come from the socket; otherwise TLS is between.
    private let isPlain: Bool
    private var decoder = FrameDecoder(limits: .beforeHello)
    private var reservation: MemoryBudget.Reservation?
    private var reservedBytes = 0
    /// How many bytes are there when the channel reads.
    private var expectedBytes = 1
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

    init(limits: SocketLimits, memory: RequestMemory, traffic: Traffic, isPlain: Bool) {
        self.limits = limits
        self.memory = memory
        self.traffic = traffic
        self.isPlain = isPlain
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
        count(bytes.readableBytes)
        guard !isBroken else { return }
        decoder.append(bytes)
        decode(context)
        readDirectly(context)
        expectMore(context)
    }

    private func count(_ bytes: Int) {
        lastActivity = .now()
        traffic.received.add(bytes)
        bytesSinceCheck += bytes
    }

    /// Reads more of a large frame straight to where it belongs: the channel would read it into memory of its own, from
    /// which it had to be copied.
    private func readDirectly(_ context: ChannelHandlerContext) {
        guard isPlain, reservation != nil, !isBroken else { return }
        let bytes = unsafe decoder.fill { room in
            unsafe context.readFromSocket(into: .init(rebasing: room.prefix(Self.mostDirectBytes)))
        }
        guard bytes > 0 else { return }
        count(bytes)
        decode(context)
    }

    /// Each part of a large frame costs the same time again to wait for it, so it is not to come in many small ones.
    private func expectMore(_ context: ChannelHandlerContext) {
        guard isPlain else { return }
        let bytes = reservation == nil ? 1 : min(decoder.missingBytes, Self.worthReading)
        guard bytes != expectedBytes else { return }
        expectedBytes = bytes
        context.readWhenSocketHas(bytes: bytes)
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
                    pass(frame, on: context)
                case .refused(let error): context.fireChannelRead(wrapInboundOut(.refused(error)))
                case .needsMore: return reserve(decoder.missingBytes, context)
                }
            }
        } catch {
            refuse(error, context)
        }
    }

    private func pass(_ frame: Frame, on context: ChannelHandlerContext) {
        let held = reservation.map { FrameMemory($0, part: frame.largestPart, blocks: memory.blocks) }
        reservation = nil
        reservedBytes = 0
        context.fireChannelRead(wrapInboundOut(.frame(frame, held)))
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
            // At once, if it is there: before more comes for which there is no room yet.
            if loop.inEventLoop { return handler.value.resume(reservation) }
            loop.execute { handler.value.resume(reservation) }
        }
    }

    private func resume(_ reservation: MemoryBudget.Reservation) {
        isWaitingForMemory = false
        guard let context, !isBroken else { return }
        self.reservation = reservation
        decoder.gather(in: memory.blocks.take)
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
        if isReading {
            // What has come may be too little to be told of.
            readDirectly(context)
            expectMore(context)
            context.fireChannelReadComplete()
        }
        let wasWaitedFor = isReading && .now() - resumedAt >= limits.progressInterval
        if decoder.isInsideFrame, wasWaitedFor, bytesSinceCheck < slowestProgress {
            return refuse(WireError(.overloaded, "the frame comes too slowly"), context)
        }
        if .now() - lastActivity > limits.idleTimeout { return context.close(promise: nil) }
        bytesSinceCheck = 0
        scheduleCheck(context)
    }
}

extension Frame {
    /// The part that most of the frame's memory is needed for.
    fileprivate var largestPart: ByteBuffer {
        attachments.reduce(payload) { $0.readableBytes < $1.readableBytes ? $1 : $0 }
    }
}
