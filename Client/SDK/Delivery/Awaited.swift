import NIOCore
import Synchronization
import Wire

/// An answer that someone waits for, but not for ever.
final class Awaited<Value: Codable & Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value?, any Error>)
        case done(Result<Value?, any Error>)
    }

    private let state = Mutex(State.empty)

    /// Takes the answer.
    func set(_ answer: Result<Batch.Answer, any Error>) {
        finish(
            Result {
                let answer = try answer.get()
                return try JSONCoding.decode(Value.self, from: answer.result, attachments: answer.attachments)
            }
        )
    }

    /// Ends the waiting without an answer.
    func giveUp() { finish(.success(nil)) }

    /// The answer, or nil when the time is over.
    func value(within time: Duration, on loop: any EventLoop) async throws -> Value? {
        let timer = loop.scheduleTask(in: TimeAmount(time)) { self.giveUp() }
        defer { timer.cancel() }
        return try await wait()
    }

    /// The answer, whenever it comes; nil when it was given up.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func value() async throws -> Value? {
        try await withTaskCancellationHandler {
            try await wait()
        } onCancel: {
            finish(.failure(CancellationError()))
        }
    }

    private func wait() async throws -> Value? {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Value?, any Error>? in
                if case .done(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    private func finish(_ result: Result<Value?, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Value?, any Error>? in
            defer { if case .done = state {} else { state = .done(result) } }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(with: result)
    }
}
