import Logging
import NIOCore
import NIOPosix
import Synchronization
import Wire

/// The moving parts of a client: the spool, its sender and the calls, on an event loop with a thread of its own.
final class Delivery: Sendable {
    let intake: Intake
    let calls: Calls
    let heartbeats: Heartbeats
    /// nil where nothing is to be measured.
    let monitor: ResourceMonitor?
    let options: ClientOptions
    private let sender: Sender
    private let drains: Drains?
    private let group: MultiThreadedEventLoopGroup
    let loop: any EventLoop
    private let reporter: Reporter
    private let waits = Atomic<Int>(0)
    private let isOpen = Atomic<Bool>(false)

    init(address: ServerAddress, token: String?, options: ClientOptions) throws(HoldfastError) {
        let settings = try ConnectionSettings(address: address, token: token, options: options)
        self.options = options
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let directory = options.spoolDirectory ?? SpoolFolder.standardDirectory
        let intake = Intake(
            place: Intake.Place(
                directory: directory,
                server: "\(address)",
                segmentSize: options.spoolSegmentBytes,
                capacity: options.spoolBytes
            ),
            mayBlock: { !loop.inEventLoop }
        )
        let sender = Sender(on: loop, intake: intake, settings: settings, options: options)
        intake.onWake { [weak sender] in sender?.wake() }
        self.group = group
        self.loop = loop
        self.intake = intake
        self.sender = sender
        calls = Calls(on: loop, settings: settings)
        drains =
            options.sendsLeftSpools
            ? Drains(on: loop, directory: directory, server: "\(address)", settings: settings, options: options) : nil
        let heartbeats = Heartbeats(on: loop, every: options.heartbeatInterval, calls: calls)
        sender.openRuns = { heartbeats.starts }
        self.heartbeats = heartbeats
        monitor = options.resourceInterval.map {
            ResourceMonitor(intake: intake, every: $0, whenFull: options.resourcesWhenFull)
        }
        reporter = Reporter(logger: options.logger, onProblem: options.onProblem)
    }

    /// The thread ends only here: while anyone can still call, their calls are answered, if only with an error.
    deinit {
        let (group, logger) = (group, options.logger)
        stop().whenComplete { _ in
            group.shutdownGracefully { error in
                if let error { logger.debug("event loop not shut down", metadata: ["error": "\(error)"]) }
            }
        }
    }

    /// Counts and reports a record that could never be stored.
    func reject(_ message: String) {
        intake.count { $0.rejected += 1 }
        let problem = DeliveryProblem(.rejected, records: 1, message: message)
        // A child of fork() has not the loop's thread.
        if intake.isChild { return reporter.report(problem) }
        loop.execute { [reporter] in reporter.report(problem) }
    }

    /// Makes the spool, and begins to send what other processes left.
    func open() throws {
        do {
            try intake.open()
        } catch {
            throw notKept(error)
        }
        drains?.start()
        let isFirst = isOpen.exchange(true, ordering: .relaxed) == false
        if isFirst, options.flushesOnTermination { Termination.shared.add(self) }
    }

    private func notKept(_ error: any Error) -> HoldfastError {
        let directory = options.spoolDirectory ?? SpoolFolder.standardDirectory
        return HoldfastError(
            .spool,
            "records can't be kept in \(directory), which needs room for \(options.spoolSegmentBytes) bytes at a time; name "
                + "another folder with HOLDFAST_SPOOL or spoolDirectory",
            cause: error
        )
    }

    /// Sends a request through the spool, in order with the records, and waits for its answer, or until the server refuses the
    /// token.
    func deliver<M: Method>(_ method: M) async throws -> M.Result {
        try open()
        let answer = Awaited<M.Result>()
        enqueue(method) { answer.set($0) }
        guard let result = try await answer.value() else { throw CancellationError() }
        return result
    }

    /// Puts a request into the spool, in order with the records.
    func enqueue(_ method: some Method, reply: Batch.Reply? = nil) {
        do {
            guard try intake.add(request: try RequestRecord(method), reply: reply) else {
                reply?(.failure(HoldfastError(.closed, "the client has been closed")))
                return
            }
        } catch {
            let error = error is Files.Failure ? notKept(error) : error
            reply?(.failure(error))
            reject("\(type(of: method).name) can't be kept: \(error)")
        }
    }

    /// Sends everything now and waits until the server has settled it, or the time is over.
    func flush(within deadline: Duration) async throws {
        let id = waits.wrappingAdd(1, ordering: .relaxed).newValue
        var timer: Scheduled<Void>?
        defer { timer?.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                intake.flush(id) { continuation.resume(with: $0) }
                // Only now: what is over before it was registered would never be told.
                timer = loop.scheduleTask(in: TimeAmount(deadline)) { [intake, sender] in
                    let reason = sender.reportedReason.map { " (\($0))" } ?? ""
                    let message =
                        "\(intake.statistics.queued) records were not acknowledged within \(deadline)\(reason); they stay in "
                        + "the spool, from which this process sends them on, or holdfast sync when it has ended"
                    intake.cancelFlush(id, throwing: HoldfastError(.timeout, message))
                }
                if Task.isCancelled { intake.cancelFlush(id, throwing: CancellationError()) }
            }
        } onCancel: {
            intake.cancelFlush(id, throwing: CancellationError())
        }
    }

    /// Refuses new records, sends what is there until the time is over, and ends.
    func close(within deadline: Duration) async -> Unsent {
        monitor?.stop()
        heartbeats.stop()
        intake.close()
        let start = ContinuousClock.now
        // A task of its own: who closes because it was cancelled, at an interrupt, still wants its records sent.
        let flushing = Task { try await flush(within: deadline) }
        if case .failure(let error) = await flushing.result {
            options.logger.warning("closing with unsent records", metadata: ["error": "\(error)"])
        }
        let left = deadline - (ContinuousClock.now - start)
        if let drains, left > .zero, !intake.isChild { await drains.wait(within: left) }
        let statistics = intake.statistics
        _ = stop()
        // What was just given to the loop has run when this has: the spool of a process that ends now is removed.
        if !intake.isChild { try? await loop.submit {}.get() }
        return Unsent(records: statistics.queued, bytes: statistics.queuedBytes)
    }

    /// Sends what is there, but not for longer than the time, and ends; without a task, since all threads that tasks run on
    /// may be in log calls, which wait from now on.
    func endProcess(within time: Duration, _ done: @escaping @Sendable () -> Void) {
        intake.hold()
        let id = waits.wrappingAdd(1, ordering: .relaxed).newValue
        let end = loop.now + time
        intake.flush(id) { _ in
            self.loop.execute {
                guard let drains = self.drains else { return self.stop().whenComplete { _ in done() } }
                drains.wait(until: end) { self.stop().whenComplete { _ in done() } }
            }
        }
        loop.scheduleTask(deadline: end) {
            self.intake.cancelFlush(id, throwing: HoldfastError(.timeout, "the process ends"))
        }
    }

    private func stop() -> EventLoopFuture<Void> {
        monitor?.stop()
        heartbeats.stop()
        intake.close()
        return .andAllComplete([sender.stop(), calls.stop()] + (drains.map { [$0.stop()] } ?? []), on: loop)
    }
}
