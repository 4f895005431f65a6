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
    enum Link {
        case down
        /// A new attempt is scheduled.
        case waiting(Scheduled<Void>)
        case connecting(Session)
        case up(Session, FrameLimits)
        case stopped
    }

    let loop: any EventLoop
    let intake: Intake
    let settings: ConnectionSettings
    let options: ClientOptions
    let reporter: Reporter
    var outbox = Outbox<OutgoingRequest>(producer: Sender.makeProducer())
    /// By batch, how many of its requests are in the outbox.
    var openRequests: [Int64: Int] = [:]
    var link = Link.down
    var attempt: EventLoopFuture<Void>?
    let backoff: Backoff
    var delays: Backoff.Iterator
    /// Ends a pause after the server postponed something.
    var resumption: Scheduled<Void>?
    private var batchTimer: Scheduled<Void>?
    var deathTimer: Scheduled<Void>?
    var hasConnected = false
    /// The last reason for waiting that was reported; nil once the server accepts again.
    var reportedReason: String?

    init(on loop: any EventLoop, intake: Intake, settings: ConnectionSettings, options: ClientOptions) {
        self.loop = loop
        self.intake = intake
        self.settings = settings
        self.options = options
        reporter = Reporter(logger: options.logger, onProblem: options.onProblem)
        backoff = Backoff(first: options.firstRetryDelay, longest: options.longestRetryDelay)
        delays = backoff.makeIterator()
    }

    static func makeProducer() -> String { UUID().uuidString.lowercased() }

    /// Makes the sender look for work, from any thread.
    func wake() { loop.execute { self.look() } }

    /// Gives up what is not settled; the future completes when no connection is being attempted any more.
    func stop() -> EventLoopFuture<Void> {
        loop.flatSubmit {
            let session = self.session
            self.cancelTimers()
            self.link = .stopped
            session?.close()
            let error = HoldfastError(.closed, "the client was closed before the server answered")
            for request in self.outbox.items { request.reply?(.failure(error)) }
            while let batch = self.intake.next() { batch.reply?(.failure(error)) }
            self.intake.end(throwing: error)
            return self.attempt ?? self.loop.makeSucceededVoidFuture()
        }
    }

    var session: Session? {
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
    func look() {
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

    func settleIfDone(_ ordinal: Int64) {
        guard openRequests[ordinal] == 0 else { return }
        openRequests[ordinal] = nil
        intake.settle(batch: ordinal)
    }

    func reject(records: Int, bytes: Int, reason: String, error: WireError? = nil) {
        intake.release(records: records, bytes: bytes, as: \.rejected)
        reporter.report(DeliveryProblem(.rejected, records: records, message: reason, error: error))
    }
}
