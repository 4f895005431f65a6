import Logging
import NIOCore
import Wire

/// Carries a spool to the server over one connection, and again until all of it is acknowledged.
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

    /// How often a spool is looked at while records come; a wake-up for each batch would cost log calls a system call.
    private static let pollInterval = Duration.milliseconds(20)
    /// How long it is looked at after the last record.
    private static let linger = Duration.seconds(2)

    let loop: any EventLoop
    let intake: Intake
    let settings: ConnectionSettings
    let options: ClientOptions
    let reporter: Reporter
    /// nil until something was logged.
    var queue: SpoolQueue?
    var outbox = Outbox<OutgoingRequest>(producer: "")
    var link = Link.down
    var attempt: EventLoopFuture<Void>?
    let backoff: Backoff
    var delays: Backoff.Iterator
    /// Ends a pause after the server postponed something.
    var resumption: Scheduled<Void>?
    private var nextLook: Scheduled<Void>?
    var deathTimer: Scheduled<Void>?
    var hasConnected = false
    /// The last reason for waiting that was reported; nil once the server accepts again.
    var reportedReason: String?
    /// Why the server takes nothing from this client before something is changed; nil while it may.
    var refusal: (any Error)?
    /// Whether it was told that something was logged after the end.
    private var hasToldLateRecords = false
    /// When the oldest record that is not on its way was seen first.
    private var pendingSince: NIODeadline?
    private var lastActivity = NIODeadline.uptimeNanoseconds(0)
    /// Called when a spool that another process left is delivered; nil for the spool of this one.
    private let onDone: (@Sendable (SpoolQueue.Standing) -> Void)?
    /// How this process's open runs were started; set before the sender is woken.
    var openRuns: () -> [RunsStart] = { [] }

    /// A sender of this process's spool.
    init(on loop: any EventLoop, intake: Intake, settings: ConnectionSettings, options: ClientOptions) {
        self.loop = loop
        self.intake = intake
        self.settings = settings
        self.options = options
        reporter = Reporter(logger: options.logger, onProblem: options.onProblem)
        backoff = Backoff(first: options.firstRetryDelay, longest: options.longestRetryDelay)
        delays = backoff.makeIterator()
        onDone = nil
    }

    /// A sender of a spool that another process left, or fills.
    init(
        on loop: any EventLoop,
        draining queue: SpoolQueue,
        settings: ConnectionSettings,
        options: ClientOptions,
        onDone: @escaping @Sendable (SpoolQueue.Standing) -> Void
    ) throws {
        self.loop = loop
        intake = Intake(place: .nowhere, mayBlock: { false })
        intake.close()
        self.settings = settings
        self.options = options
        reporter = Reporter(logger: options.logger, onProblem: options.onProblem)
        backoff = Backoff(first: options.firstRetryDelay, longest: options.longestRetryDelay)
        delays = backoff.makeIterator()
        self.onDone = onDone
        try adopt(queue)
    }

    private func adopt(_ queue: SpoolQueue) throws {
        outbox = try queue.resume()
        for request in outbox.items { count(request.records, request.bytes) }
        self.queue = queue
    }

    /// Makes the sender look for work, from any thread.
    func wake() { loop.execute { self.look() } }

    /// Gives up what is not settled; the future completes when no connection is being attempted any more.
    func stop() -> EventLoopFuture<Void> {
        loop.flatSubmit {
            // Who closes again must not tell those who wait again.
            if case .stopped = self.link { return self.attempt ?? self.loop.makeSucceededVoidFuture() }
            let session = self.session
            self.cancelTimers()
            self.link = .stopped
            session?.close()
            let error = HoldfastError(.closed, "the client was closed before the server answered")
            for request in self.outbox.items { request.reply?(.failure(error)) }
            self.intake.end(throwing: error)
            let isClosed = self.onDone == nil
            if let queue = self.queue, let standing = try? queue.standing(self.outbox, isClosed: isClosed) {
                self.clear(queue, standing)
            }
            self.queue = nil
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
        for timer in [resumption, nextLook, deathTimer] { timer?.cancel() }
    }

    // MARK: Looking

    /// Does whatever can be done now.
    func look() {
        if case .stopped = link { return tellLateRecords() }
        let outlook = intake.look()
        tellRefusal()
        if outlook.dropped > 0 {
            let message =
                "the spool has no room (of \(options.spoolBytes) bytes, or on its disk), or the client is closed: by default only "
                + "readings of resources are dropped then, and all else waits until the server has taken more"
            reporter.report(DeliveryProblem(.dropped, records: outlook.dropped, message: message))
        }
        if queue == nil, let new = outlook.queue {
            do {
                try adopt(new)
            } catch {
                preconditionFailure("a new spool has nothing on its way: \(error)")
            }
        }
        if outlook.wantsSpare { intake.prepareSpare() }
        let isDue = isDue(outlook)
        switch link {
        case .down: if isDue || !outbox.isEmpty { connect() }
        case .up(let session, let limits): send(over: session, limits: limits, outlook, isDue: isDue)
        case .waiting, .connecting, .stopped: break
        }
        if let onDone, finishIfDone(onDone) { return }
        lookAgain(outlook)
    }

    /// What is logged after the end would be lost in silence; it is told once.
    private func tellLateRecords() {
        let dropped = intake.look().dropped
        guard dropped > 0, !hasToldLateRecords else { return }
        hasToldLateRecords = true
        let message = "logged after the client was closed, and lost, as all that is logged to it from now on"
        reporter.report(DeliveryProblem(.dropped, records: dropped, message: message))
    }

    /// Whether what was not read yet should be sent now.
    private func isDue(_ outlook: IntakeState.Outlook) -> Bool {
        guard let queue else { return false }
        if onDone != nil { return (try? queue.hasNext()) ?? false }
        guard outlook.lastSequence > queue.lastRead else {
            pendingSince = nil
            return false
        }
        let now = loop.now
        let since = pendingSince ?? now
        pendingSince = since
        lastActivity = now
        return outlook.sendThrough > queue.lastRead
            || outlook.lastSequence - queue.lastRead >= UInt64(options.batchRecords)
            || outlook.end - queue.place >= UInt64(options.batchBytes) || since + options.batchDelay <= now
    }

    private func lookAgain(_ outlook: IntakeState.Outlook) {
        nextLook?.cancel()
        nextLook = nil
        let lastRead = queue?.lastRead ?? 0
        let isBusy = outlook.lastSequence > lastRead || lastActivity + Self.linger > loop.now
        guard onDone != nil || isBusy || !intake.rest(after: lastRead) else { return }
        let interval = min(Self.pollInterval, options.batchDelay)
        nextLook = loop.scheduleTask(in: TimeAmount(interval)) { self.look() }
    }

    // MARK: Sending

    private func send(over session: Session, limits: FrameLimits, _ outlook: IntakeState.Outlook, isDue: Bool) {
        while isDue, outbox.count < options.requestsInFlight,
            outbox.isEmpty || outbox.items.reduce(0, { $0 + $1.bytes }) < options.bytesInFlight,
            let batch = nextBatch(outlook)
        {
            admit(batch, limits: limits)
            pendingSince = nil
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

    private func nextBatch(_ outlook: IntakeState.Outlook) -> Batch? {
        guard let queue else { return nil }
        do {
            let batch = try queue.next(
                records: options.largestBatchRecords,
                bytes: options.batchBytes,
                limit: onDone == nil ? outlook.end : nil
            )
            if let batch, onDone != nil { count(batch.records, batch.bytes) }
            if batch == nil, onDone == nil, queue.damage != nil {
                reportWaiting(HoldfastError(.spool, "\(queue.folder.path) was damaged while it was in use"))
            }
            return batch
        } catch {
            reportWaiting(HoldfastError(.spool, "\(queue.folder.path) can't be read", cause: error))
            return nil
        }
    }

    /// Counts records of a spool that another process filled.
    private func count(_ records: Int, _ bytes: Int) {
        intake.count {
            $0.queued += records
            $0.queuedBytes += bytes
        }
    }

    private func admit(_ batch: Batch, limits: FrameLimits) {
        guard let queue else { return }
        let ordinal = queue.nextOrdinal()
        let reply = intake.takeReply(to: batch.lastSequence)
        let (requests, unsendable) = BatchSplitter.split(batch, limits: limits, ordinal: ordinal, reply: reply)
        for part in unsendable {
            reply?(.failure(part.reason))
            reject(records: part.records, bytes: part.bytes, reason: "\(part.reason)")
        }
        for request in requests { outbox.add(request) }
        queue.admit(batch, ordinal: ordinal, limits: limits, parts: requests.map(\.part), outbox)
        if let settled = queue.advance(outbox) { intake.settle(through: settled) }
    }

    func settle(_ request: OutgoingRequest) {
        if let settled = queue?.settle(request, outbox) { intake.settle(through: settled) }
    }

    func reject(records: Int, bytes: Int, reason: String, error: WireError? = nil) {
        intake.release(records: records, bytes: bytes, as: \.rejected)
        reporter.report(DeliveryProblem(.rejected, records: records, message: reason, error: error))
    }

    /// Ends the delivery of a spool that another process left, or fills, when there is nothing more to send.
    private func finishIfDone(_ onDone: (SpoolQueue.Standing) -> Void) -> Bool {
        guard let queue else { return false }
        let standing: SpoolQueue.Standing
        do {
            guard let found = try queue.standing(outbox) else { return false }
            standing = found
        } catch {
            reportWaiting(HoldfastError(.spool, "\(queue.folder.path) can't be read", cause: error))
            standing = .upToDate
        }
        clear(queue, standing)
        let session = session
        cancelTimers()
        link = .stopped
        session?.close()
        self.queue = nil
        onDone(standing)
        return true
    }

    private func clear(_ queue: SpoolQueue, _ standing: SpoolQueue.Standing) {
        switch standing {
        case .upToDate: break
        case .done: queue.folder.remove()
        case .damaged:
            let message = "a spool is damaged; what is behind the damage was set aside in \(queue.folder.setAside())"
            reporter.report(DeliveryProblem(.damaged, records: 0, message: message))
        }
    }
}
