import Logging
import NIOCore
import Wire

/// One client of the TCP door: from frames to requests, from outcomes to frames.
///
/// Reads run beside each other. Writes are prepared beside each other, but submitted, and so answered, in the order in
/// which they came.
struct SocketConnection: Sendable {
    let channel: NIOAsyncChannel<InboundFrame, ByteBuffer>
    let handler: NIOLoopBound<FrameHandler>
    let dispatcher: Dispatcher
    let welcome: Welcome
    let limits: SocketLimits
    let meter: RequestMeter
    let log: RequestLog
    let answers: AnswerMemory
    let logger: Logger
    /// Why the client is sent away as soon as it has said hello.
    var refusal: WireError?

    /// A response to send, and what it counts as until it is sent.
    private struct Outgoing: Sendable {
        let buffers: [ByteBuffer]
        let inFlight: InFlight.Size?
    }

    private typealias Outbox = AsyncStream<Outgoing>
    private typealias Writes = AsyncStream<Write>

    /// A write that waits for its turn.
    private struct Write: Sendable {
        let id: RequestID
        let measurement: RequestMeter.Measurement
        let operation: Task<WriteOperation, Never>
        let memory: FrameMemory?
        let bytes: Int
    }

    /// Serves the client until it leaves, breaks the protocol, or the server shuts down.
    func run() async {
        do {
            try await channel.executeThenClose { inbound, outbound in
                let (outbox, responses) = Outbox.makeStream()
                let inFlight = InFlight(
                    maximumRequests: limits.unansweredRequests,
                    maximumBytes: limits.unansweredBytes,
                    memory: answers
                )
                async let sending: Void = send(outbox, to: outbound, inFlight)
                await serve(inbound, responses, inFlight)
                responses.finish()
                try await sending
            }
        } catch {
            // The peer went away; what it sent and was applied stays, and what it did not get an answer to it sends again.
            logger.debug("connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func send(
        _ outbox: Outbox,
        to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ inFlight: InFlight
    ) async throws {
        var failure: (any Error)?
        for await response in outbox {
            // When the peer is gone the rest is only counted out, so that the reader does not wait for room for ever.
            if failure == nil {
                do {
                    try await outbound.write(contentsOf: response.buffers)
                } catch {
                    failure = error
                    inFlight.abandon()
                }
            }
            if let size = response.inFlight { inFlight.leave(size) }
        }
        if let failure { throw failure }
    }

    // MARK: Hello

    /// Where the client is, without its port.
    private var address: String? { channel.channel.remoteAddress?.ipAddress }

    /// Answers the first frame, and says what the client may do; nil: it must go.
    private func greet(_ frame: Frame, _ responses: Outbox.Continuation) async -> Access? {
        let (response, access) = await response(toFirst: frame)
        if access != nil {
            let handler = handler
            // Before the answer, so that what the client sends on it meets the new limits.
            try? await channel.channel.eventLoop.submit { handler.value.accept() }.get()
        }
        respond(response, responses)
        return access
    }

    private func response(toFirst frame: Frame) async -> (Response, Access?) {
        do {
            let request = try Request(frame)
            guard request.method == Hello.name else {
                let error = WireError(
                    .helloRequired,
                    "the first request must be hello, got \"\(request.method.prefix(100))\""
                )
                return (Response(id: request.id, outcome: .failure(error)), nil)
            }
            if let refusal { return (Response(id: request.id, outcome: .failure(refusal)), nil) }
            let measurement = meter.begin(request, log)
            let (answer, access) = await welcome.outcome(of: request, from: address)
            measurement.end(answer)
            return (Response(id: request.id, outcome: answer), access)
        } catch {
            return (Response(id: error.id, outcome: .failure(error.error)), nil)
        }
    }

    // MARK: Requests

    private func serve(
        _ inbound: NIOAsyncChannelInboundStream<InboundFrame>,
        _ responses: Outbox.Continuation,
        _ inFlight: InFlight
    ) async {
        let (writes, submissions) = Writes.makeStream()
        let order = WriteOrder()
        let life = ConnectionLife()
        await withDiscardingTaskGroup { group in
            group.addTask { await submit(writes, responses, inFlight, order) }
            do {
                var access: Access?
                receiving: for try await item in inbound {
                    if inFlight.isAbandoned { break }
                    switch item {
                    case .refused(let error) where access != nil:
                        respond(Response(id: nil, outcome: .failure(error)), responses)
                    case .refused(let error), .broken(let error):
                        respond(Response(id: nil, outcome: .failure(error)), responses)
                        break receiving
                    case .frame(let frame, let memory):
                        guard let access else {
                            access = await greet(frame, responses)
                            if access == nil { break receiving }
                            continue
                        }
                        await inFlight.enter(bytes: frame.byteCount)
                        let context = context(access, life, order)
                        take(frame, memory, context, &group, submissions, responses, inFlight, order)
                    }
                }
            } catch {
                logger.debug("connection broke", metadata: ["error": "\(error)"])
            }
            submissions.finish()
        }
        life.end()
    }

    private func context(_ access: Access, _ life: ConnectionLife, _ order: WriteOrder) -> CallContext {
        let place = order.arrived
        return CallContext(
            arrayEncoding: .attachment,
            limits: limits.frames,
            access: access,
            address: address,
            connection: life,
            earlierWrites: { await order.wait(for: place) }
        )
    }

    private func take(
        _ frame: Frame,
        _ memory: FrameMemory?,
        _ context: CallContext,
        _ group: inout DiscardingTaskGroup,
        _ submissions: Writes.Continuation,
        _ responses: Outbox.Continuation,
        _ inFlight: InFlight,
        _ order: WriteOrder
    ) {
        let bytes = frame.byteCount
        let request: Request
        do {
            request = try Request(frame)
        } catch {
            meter.refuse(error.error)
            return respond(Response(id: error.id, outcome: .failure(error.error)), responses, inFlight, bytes)
        }
        let measurement = meter.begin(request, log)
        @Sendable func answer(_ id: RequestID?, _ outcome: Response.Outcome, isBegun: Bool = false) {
            measurement.end(outcome)
            respond(Response(id: id, outcome: outcome), responses, inFlight, bytes, isBegun: isBegun)
            // Held until here: the request's memory is in use until it is answered.
            withExtendedLifetime(memory) {}
        }
        if request.method == Hello.name {
            group.addTask { answer(request.id, await welcome.outcome(of: request, from: address).answer) }
            return
        }
        switch dispatcher.handler(of: request) {
        case .failure(let error): answer(request.id, .failure(error))
        case .success(.read(let read)):
            // It waits for other clients, with a small answer: nobody is to wait for it.
            let isBegun = request.method != LineageClaim.name
            group.addTask {
                if isBegun { await inFlight.beginAnswer() }
                let isWanted = !inFlight.isAbandoned
                let outcome = isWanted ? await read(request, context) : .failure(WireError(.overloaded, "gone"))
                answer(request.id, outcome, isBegun: isBegun)
            }
        case .success(.write(let prepare)):
            _ = order.arrive()
            // Unstructured so that `submit` can wait for it in its turn, which it does without fail.
            let operation = Task {
                let operation = await prepare(request, context)
                // Arrays are encoded now, which leaves of most of them little.
                memory?.recycle()
                return operation
            }
            submissions.yield(
                Write(id: request.id, measurement: measurement, operation: operation, memory: memory, bytes: bytes)
            )
        }
    }

    private func submit(
        _ writes: Writes,
        _ responses: Outbox.Continuation,
        _ inFlight: InFlight,
        _ order: WriteOrder
    ) async {
        for await write in writes {
            let (id, measurement, memory, bytes) = (write.id, write.measurement, write.memory, write.bytes)
            dispatcher.writer.submit(await write.operation.value) { outcome in
                measurement.end(outcome)
                respond(Response(id: id, outcome: outcome), responses, inFlight, bytes)
                order.answer()
                withExtendedLifetime(memory) {}
            }
        }
        // The answers of what was submitted are still to come.
        await order.wait(for: order.arrived)
    }

    /// Queues a response. The response of a request that was counted in flight takes over its count, with its own size.
    private func respond(
        _ response: Response,
        _ responses: Outbox.Continuation,
        _ inFlight: InFlight? = nil,
        _ requestBytes: Int = 0,
        isBegun: Bool = false
    ) {
        do {
            let buffers = try response.encode()
            // What they take, which is up to twice what they hold.
            let bytes = buffers.reduce(0) { $0 + $1.storageCapacity }
            inFlight?.made(bytes: bytes, isBegun: isBegun)
            let size = InFlight.Size(request: requestBytes, answer: bytes)
            responses.yield(Outgoing(buffers: buffers, inFlight: inFlight.map { _ in size }))
        } catch {
            logger.error("a response could not be encoded", metadata: ["error": "\(error)"])
            inFlight?.made(bytes: 0, isBegun: isBegun)
            inFlight?.leave(InFlight.Size(request: requestBytes))
        }
    }
}
