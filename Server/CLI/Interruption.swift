import Dispatch
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Lets a command that is interrupted take back what it has begun.
enum Interruption {
    private static let code: Int32 = 130

    /// Does a job, which SIGINT and SIGTERM cancel; a second signal ends the process.
    static func cancels<Result: Sendable>(
        _ job: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await job() }
        let sources = [SIGINT, SIGTERM].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if task.isCancelled { _exit(code) }
                task.cancel()
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            guard task.isCancelled else { throw error }
            throw CommandFailure(code: code, message: "interrupted; nothing is left of what was begun")
        }
    }
}
