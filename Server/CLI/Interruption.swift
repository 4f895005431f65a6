import Dispatch
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Lets a command that is interrupted take back what it has begun.
enum Interruption {
    static let code: Int32 = 130

    /// Does a job, which SIGINT and SIGTERM cancel; a second signal ends the process.
    static func cancels<Result: Sendable>(
        _ job: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let (start, isReady) = AsyncStream<Void>.makeStream()
        let task = Task {
            // Nothing begins before signals are listened to.
            for await _ in start {}
            return try await job()
        }
        let sources = await [listen(SIGINT, task), listen(SIGTERM, task)]
        defer { for source in sources { source.cancel() } }
        isReady.finish()
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            // The server of a data directory hears the signal, too, and may be gone before the task is told.
            if !task.isCancelled { try? await Task.sleep(for: .milliseconds(200)) }
            guard task.isCancelled else { throw error }
            throw CommandFailure(code: code, message: "interrupted; what was not complete is removed")
        }
    }

    /// Cancels the task when a signal comes; from the return on, the signal does nothing else.
    private static func listen<Result: Sendable>(
        _ number: Int32,
        _ task: Task<Result, any Error>
    ) async -> any DispatchSourceSignal {
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            if task.isCancelled { _exit(code) }
            task.cancel()
        }
        await withCheckedContinuation { continuation in
            source.setRegistrationHandler { continuation.resume() }
            source.resume()
        }
        return source
    }
}
