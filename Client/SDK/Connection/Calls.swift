import NIOCore
import Synchronization
import Wire

/// Requests that are answered one by one, over a connection of their own, so that none waits behind buffered steps.
///
/// The connection is made for the first call and made again for the first call after it was lost.
final class Calls: @unchecked Sendable {  // everything but `loop`, `settings` and `lastID` is used on `loop` only
    typealias Completion = @Sendable (Result<Batch.Answer, any Error>) -> Void

    private struct Pending {
        let method: String
        let buffers: [ByteBuffer]
        let completion: Completion
        let timeout: Scheduled<Void>
        let startedAt: NIODeadline
        var isSent = false
    }

    private let loop: any EventLoop
    private let settings: ConnectionSettings
    private let lastID = Atomic<Int64>(0)
    private var pending: [Int64: Pending] = [:]
    private var session: Session?
    private var attempt: EventLoopFuture<Void>?
    /// The server's limits; nil until `hello` is answered.
    private var limits: FrameLimits?
    private var isStopped = false

    init(on loop: any EventLoop, settings: ConnectionSettings) {
        self.loop = loop
        self.settings = settings
    }

    /// Sends a request and waits for its answer.
    func call<M: Method>(_ method: M) async throws -> M.Result {
        let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
        let buffers = try Request.encode(method, id: .integer(id))
        let answer = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                start(id, M.name, buffers) { continuation.resume(with: $0) }
            }
        } onCancel: {
            loop.execute { self.finish(id, .failure(CancellationError())) }
        }
        return try JSONCoding.decode(M.Result.self, from: answer.result, attachments: answer.attachments)
    }

    /// Sends a request whose answer matters to nobody.
    func send(_ method: some Method) {
        let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
        guard let buffers = try? Request.encode(method, id: .integer(id)) else { return }
        start(id, type(of: method).name, buffers) { _ in }
    }

    /// Fails what is pending and refuses further calls.
    ///
    /// The future completes when no connection is being attempted any more.
    func stop() -> EventLoopFuture<Void> {
        loop.flatSubmit {
            self.isStopped = true
            self.session?.close()
            self.failAll(Self.stopped)
            return self.attempt ?? self.loop.makeSucceededVoidFuture()
        }
    }

    private static let stopped = HoldfastError(.closed, "the client has been closed")

    private func start(_ id: Int64, _ method: String, _ buffers: [ByteBuffer], _ completion: @escaping Completion) {
        loop.execute {
            guard !self.isStopped else { return completion(.failure(Self.stopped)) }
            let timeout = self.loop.scheduleTask(in: TimeAmount(self.settings.requestTimeout)) { self.timeOut(id) }
            self.pending[id] = Pending(
                method: method,
                buffers: buffers,
                completion: completion,
                timeout: timeout,
                startedAt: self.loop.now
            )
            if self.session == nil { self.connect() }
            self.sendPending()
        }
    }

    private func connect() {
        // The events of a session that was given up must not reach its successor's calls.
        var isCurrent: () -> Bool = { true }
        let session = Session(on: loop, settings: settings) { event in
            if isCurrent() { self.handle(event) }
        }
        isCurrent = { [weak session] in self.session === session }
        self.session = session
        attempt = session.connect()
    }

    private func handle(_ event: Session.Event) {
        switch event {
        case .ready(let hello):
            limits = hello.limits
            sendPending()
        case .response(let response):
            guard case .integer(let id) = response.id else { return }
            switch response.outcome {
            case .failure(let error): finish(id, .failure(error))
            case .result(let result, let attachments):
                finish(id, .success(.init(result: result, attachments: attachments)))
            }
        case .closed(let error):
            session = nil
            limits = nil
            failAll(error)
        }
    }

    private func sendPending() {
        guard let session, let limits else { return }
        for (id, call) in pending.sorted(by: { $0.key < $1.key }) where !call.isSent {
            let payload = call.buffers[0].readableBytes - 4
            let attachments = call.buffers.dropFirst().reduce(0) { $0 + $1.readableBytes }
            guard payload <= limits.payload, attachments <= limits.attachments else {
                let error = HoldfastError(
                    .tooLarge,
                    "\(call.method) takes \(payload) bytes of JSON and \(attachments) of attachments; the "
                        + "server accepts \(limits.payload) and \(limits.attachments)"
                )
                finish(id, .failure(error))
                continue
            }
            pending[id]?.isSent = true
            session.send(call.buffers)
        }
    }

    private func finish(_ id: Int64, _ result: Result<Batch.Answer, any Error>) {
        guard let call = pending.removeValue(forKey: id) else { return }
        call.timeout.cancel()
        call.completion(result)
    }

    private func failAll(_ error: any Error) {
        for id in pending.keys.sorted() { finish(id, .failure(error)) }
    }

    private func timeOut(_ id: Int64) {
        guard let call = pending[id] else { return }
        let isGreeting = session != nil && !call.isSent
        finish(
            id,
            .failure(
                isGreeting
                    ? Session.isMute(settings.address)
                    : HoldfastError(.timeout, "\(call.method) was not answered in \(settings.requestTimeout)")
            )
        )
        // Nothing at all has come since: the connection is dead, and the next call needs a new one.
        if let session, session.lastReceipt <= call.startedAt { session.closeAsDead() }
    }
}
