import Logging
import NIOCore
import NIOPosix
import Synchronization
import Wire

/// The moving parts of a client: the buffer, the sender and the calls, on an event loop with a thread of its own.
final class Delivery: Sendable {
    let intake: Intake
    let calls: Calls
    let heartbeats: Heartbeats
    let options: ClientOptions
    private let sender: Sender
    private let group: MultiThreadedEventLoopGroup
    let loop: any EventLoop
    private let reporter: Reporter
    private let waits = Atomic<Int>(0)

    init(address: ServerAddress, token: String?, options: ClientOptions) {
        self.options = options
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let settings = ConnectionSettings(
            address: address,
            token: token,
            clientName: options.clientName,
            connectTimeout: options.connectTimeout,
            requestTimeout: options.requestTimeout
        )
        let intake = Intake(
            thresholds: .init(records: options.batchRecords, bytes: options.batchBytes, delay: options.batchDelay),
            capacity: options.bufferBytes,
            now: { .now() },
            mayBlock: { !loop.inEventLoop }
        )
        let sender = Sender(on: loop, intake: intake, settings: settings, options: options)
        intake.onWake { [weak sender] in sender?.wake() }
        self.group = group
        self.loop = loop
        self.intake = intake
        self.sender = sender
        calls = Calls(on: loop, settings: settings)
        heartbeats = Heartbeats(on: loop, every: options.heartbeatInterval, calls: calls)
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
        loop.execute { [reporter] in
            reporter.report(DeliveryProblem(.rejected, records: 1, message: message))
        }
    }

    /// Sends a request through the buffer, in order with the records, and waits for its answer.
    func deliver<M: Method>(_ method: M, order: Batcher.Order) async throws -> M.Result {
        let answer = try await withCheckedThrowingContinuation { continuation in
            enqueue(method, order: order) { continuation.resume(with: $0) }
        }
        return try JSONCoding.decode(M.Result.self, from: answer.result, attachments: answer.attachments)
    }

    /// Puts a request in the buffer, in order with the records.
    func enqueue(_ method: some Method, order: Batcher.Order, reply: Batch.Reply? = nil) {
        let accepted = intake.add(
            request: { $0.add(method, reply: reply, bytes: method.bufferBytes, order: order) },
            bytes: method.bufferBytes
        )
        if !accepted { reply?(.failure(HoldfastError(.closed, "the client has been closed"))) }
    }

    /// Sends everything now and waits until the server has settled it, or the time is over.
    func flush(within deadline: Duration) async throws {
        let id = waits.wrappingAdd(1, ordering: .relaxed).newValue
        var timer: Scheduled<Void>?
        defer { timer?.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                intake.flush(id, continuation)
                // Only now: what is over before it was registered would never be told.
                timer = loop.scheduleTask(in: TimeAmount(deadline)) { [intake] in
                    let message = "\(intake.statistics.queued) records were not acknowledged within \(deadline)"
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
        intake.close()
        heartbeats.stop()
        // A task of its own: who closes because it was cancelled, at an interrupt, still wants its records sent.
        let flushing = Task { try await flush(within: deadline) }
        if case .failure(let error) = await flushing.result {
            options.logger.debug("closing with unsent records", metadata: ["error": "\(error)"])
        }
        _ = stop()
        let statistics = intake.statistics
        return Unsent(records: statistics.queued, bytes: statistics.queuedBytes)
    }

    private func stop() -> EventLoopFuture<Void> {
        intake.close()
        heartbeats.stop()
        return .andAllComplete([sender.stop(), calls.stop()], on: loop)
    }
}

extension Method {
    /// What a request takes in the buffer, about: its arrays, and something for the rest.
    fileprivate var bufferBytes: Int {
        guard let images = (self as? ImagesInsert)?.images else { return 256 }
        return images.reduce(256) { $0 + $1.bufferBytes }
    }
}

extension ImagesInsert.Image {
    /// What an image takes in the buffer, about.
    var bufferBytes: Int { MemoryLayout<Self>.size + filename.utf8.count + (image?.bytes.readableBytes ?? 0) }
}
