import Logging
import NIOCore
import Wire

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Carries batches to the server over one connection, and again until they are acknowledged.
///
/// It lives on an event loop with a thread of its own and not in a task: log calls may block every thread that tasks
/// run on, and the sender is what unblocks them.
final class Sender: @unchecked Sendable {  // all state is used on `loop` only
    private enum Link {
        case down
        /// A new attempt is scheduled.
        case waiting(Scheduled<Void>)
        case connecting(Session)
        case up(Session, FrameLimits)
        case stopped
    }

    let loop: any EventLoop
    private let intake: Intake
    private let settings: ConnectionSettings
    private let options: ClientOptions
    private let reporter: Reporter
    private var outbox = Outbox<OutgoingRequest>(producer: Sender.makeProducer())
    /// By batch, how many of its requests are in the outbox.
    private var openRequests: [Int64: Int] = [:]
    private var link = Link.down
    private let backoff: Backoff
    private var delays: Backoff.Iterator
    /// Ends a pause after the server postponed something.
    private var resumption: Scheduled<Void>?
    private var batchTimer: Scheduled<Void>?
    private var deathTimer: Scheduled<Void>?
    private var hasConnected = false
    /// The last reason for waiting that was reported; nil once the server accepts again.
    private var reportedReason: String?

    init(on loop: any EventLoop, intake: Intake, settings: ConnectionSettings, options: ClientOptions) {
        self.loop = loop
        self.intake = intake
        self.settings = settings
        self.options = options
        reporter = Reporter(logger: options.logger, onProblem: options.onProblem)
        backoff = Backoff(first: options.firstRetryDelay, longest: options.longestRetryDelay)
        delays = backoff.makeIterator()
    }

    private static func makeProducer() -> String { UUID().uuidString.lowercased() }

    /// Makes the sender look for work, from any thread.
    func wake() { loop.execute { self.look() } }

    /// Gives up what is not settled.
    func stop() {
        loop.execute {
            let session = self.session
            self.cancelTimers()
            self.link = .stopped
            session?.close()
            let error = HoldfastError(.closed, "the client was closed before the server answered")
            for request in self.outbox.items { request.reply?(.failure(error)) }
            while let batch = self.intake.next() { batch.reply?(.failure(error)) }
            self.intake.end(throwing: error)
        }
    }

    private var session: Session? {
        switch link {
        case .connecting(let session), .up(let session, _): session
        case .down, .waiting, .stopped: nil
        }
    }

    private func cancelTimers() {
        if case .waiting(let attempt) = link { attempt.cancel() }
        for timer in [resumption, batchTimer, deathTimer] { timer?.cancel() }
    }

    /// Does whatever can be done now.
    private func look() {
        if case .stopped = link { return }
        let (due, dropped) = intake.serve(at: loop.now)
        if dropped > 0 {
            let message = "the buffer of \(options.bufferBytes) bytes is full, or the client closed"
            reporter.report(DeliveryProblem(.dropped, records: dropped, message: message))
        }
        batchTimer?.cancel()
        batchTimer = due.map { loop.scheduleTask(deadline: $0) { self.look() } }
        switch link {
        case .down: if intake.hasSealed || !outbox.isEmpty { connect() }
        case .up(let session, let limits): send(over: session, limits: limits)
        case .waiting, .connecting, .stopped: break
        }
    }

    private func send(over session: Session, limits: FrameLimits) {
        while outbox.count < options.requestsInFlight,
            outbox.isEmpty || outbox.items.reduce(0, { $0 + $1.bytes }) < options.bytesInFlight,
            let batch = intake.next()
        {
            admit(batch, limits: limits)
        }
        while let dispatch = outbox.next() {
            do {
                session.send(try dispatch.item.encode(id: dispatch.id, stamp: dispatch.stamp))
            } catch {
                preconditionFailure("a request that was encoded to measure it can be encoded again: \(error)")
            }
            if dispatch.isFirst { intake.count { $0.sent += dispatch.item.records } }
        }
        watch(session)
    }

    private func admit(_ batch: Batch, limits: FrameLimits) {
        let (requests, unsendable) = BatchSplitter.split(batch, limits: limits)
        for part in unsendable {
            batch.reply?(.failure(part.reason))
            reject(records: part.records, bytes: part.bytes, reason: "\(part.reason)")
        }
        for request in requests { outbox.add(request) }
        openRequests[batch.ordinal] = requests.count
        settleIfDone(batch.ordinal)
    }

    private func settleIfDone(_ ordinal: Int64) {
        guard openRequests[ordinal] == 0 else { return }
        openRequests[ordinal] = nil
        intake.settle(batch: ordinal)
    }

    private func reject(records: Int, bytes: Int, reason: String, error: WireError? = nil) {
        intake.release(records: records, bytes: bytes, as: \.rejected)
        reporter.report(DeliveryProblem(.rejected, records: records, message: reason, error: error))
    }

    // MARK: The connection

    private func connect() {
        // The events of a session that was given up must not reach its successor's requests.
        var isCurrent: () -> Bool = { true }
        let session = Session(on: loop, settings: settings, producer: outbox.producer) { event in
            if isCurrent() { self.handle(event) }
        }
        isCurrent = { [weak session] in self.session === session }
        link = .connecting(session)
        session.connect()
    }

    private func handle(_ event: Session.Event) {
        switch event {
        case .ready(let hello): connected(hello)
        case .response(let response): answered(response)
        case .closed(let error): disconnected(error)
        }
    }

    private func connected(_ hello: Hello.Result) {
        guard case .connecting(let session) = link else { return }
        if hasConnected { intake.count { $0.reconnects += 1 } }
        hasConnected = true
        link = .up(session, hello.limits)
        let serverLastSeq = hello.producer?.lastSeq ?? 0
        if outbox.items.allSatisfy({ $0.fits(hello.limits) }) {
            if outbox.connected(serverLastSeq: serverLastSeq, makingProducer: Self.makeProducer) { reportRestored() }
        } else {
            fit(into: hello.limits, serverLastSeq: serverLastSeq)
        }
        look()
    }

    /// The server accepts less than it did when requests were numbered.
    private func fit(into limits: FrameLimits, serverLastSeq: Int64) {
        let (known, lost) = outbox.discard(
            serverLastSeq: serverLastSeq, fits: { $0.fits(limits) }, makingProducer: Self.makeProducer)
        for request in known { finish(request, .success(.init(result: ByteBuffer(string: "{}"), attachments: []))) }
        let error = WireError(.invalidRequest, "larger than the server accepts since it was restarted")
        for request in lost { finish(request, .failure(error)) }
        _ = outbox.connected(serverLastSeq: 0, makingProducer: Self.makeProducer)
    }

    private func disconnected(_ error: any Error) {
        outbox.disconnected()
        resumption?.cancel()
        deathTimer?.cancel()
        deathTimer = nil
        link = .down
        options.logger.debug("disconnected", metadata: ["error": "\(error)"])
        guard intake.hasSealed || !outbox.isEmpty else { return }
        reportWaiting(error)
        link = .waiting(loop.scheduleTask(in: nextDelay()) { self.retry() })
    }

    private func retry() {
        link = .down
        look()
    }

    private func nextDelay() -> TimeAmount { TimeAmount(delays.next() ?? options.longestRetryDelay) }

    /// Gives a connection up on which nothing has moved for too long while an answer is due.
    private func watch(_ session: Session) {
        guard deathTimer == nil, outbox.isAwaitingAnswer else { return }
        deathTimer = loop.scheduleTask(deadline: session.lastProgress + options.requestTimeout) {
            self.deathTimer = nil
            guard self.outbox.isAwaitingAnswer else { return }
            if session.lastProgress + self.options.requestTimeout <= self.loop.now {
                session.closeAsDead()
            } else {
                self.watch(session)
            }
        }
    }

    // MARK: Answers

    private func answered(_ response: Response) {
        guard case .integer(let id) = response.id else { return }
        let result: Result<Batch.Answer, WireError>
        let consequence: Outbox<OutgoingRequest>.Consequence
        switch response.outcome {
        case .result(let body, let attachments):
            result = .success(.init(result: body, attachments: attachments))
            consequence = outbox.answered(id, .accepted)
            delays = backoff.makeIterator()
            reportedReason = nil
        case .failure(let error):
            result = .failure(error)
            consequence = outbox.answered(id, .init(error))
        }
        switch consequence {
        case .nothing: break
        case .settled(let request): finish(request, result)
        case .pause: pause(result)
        case .settledThenPause(let request):
            finish(request, result)
            pause(result)
        }
        look()
    }

    private func pause(_ result: Result<Batch.Answer, WireError>) {
        if case .failure(let error) = result { reportWaiting(error) }
        resumption = loop.scheduleTask(in: nextDelay()) {
            if self.outbox.resume(makingProducer: Self.makeProducer) { self.reportRestored() }
            self.look()
        }
    }

    private func finish(_ request: OutgoingRequest, _ result: Result<Batch.Answer, WireError>) {
        switch result {
        case .success(let answer):
            let refused = request.refusedRows(answer)
            intake.release(records: request.records - refused.count, bytes: request.bytes, as: \.acknowledged)
            if let first = refused.first {
                reject(records: refused.count, bytes: 0, reason: "row \(first.index): \(first.message)")
            }
            request.reply?(.success(answer))
        case .failure(let error):
            reject(records: request.records, bytes: request.bytes, reason: error.description, error: error)
            request.reply?(.failure(error))
        }
        openRequests[request.ordinal]? -= 1
        settleIfDone(request.ordinal)
    }

    // MARK: Reports

    private func reportWaiting(_ error: any Error) {
        let reason = "\(error)"
        guard reason != reportedReason else { return }
        reportedReason = reason
        let problem = DeliveryProblem(
            .waiting, records: intake.statistics.queued, message: reason, error: error as? WireError)
        reporter.report(problem)
    }

    private func reportRestored() {
        let records = outbox.items.reduce(0) { $0 + $1.records }
        let message = "the server no longer knows what it acknowledged; what is in memory is sent as a new producer's"
        reporter.report(DeliveryProblem(.serverRestored, records: records, message: message))
    }
}

extension Outbox.Answer {
    /// What a server's refusal means for its request.
    fileprivate init(_ error: WireError) {
        if error.kind == .sequenceGap, case .integer(let expected) = error.details["expected"] {
            self = .gap(expected: expected)
        } else {
            self = error.isFinal ? .refused : .postponed
        }
    }
}
