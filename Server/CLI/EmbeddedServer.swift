import Foundation
import Logging
import Synchronization

/// A server inside the process of a command, for a data directory that no other server is using.
enum EmbeddedServer {
    /// The job, for who ends it.
    private final class Work: Sendable {
        let task = Mutex<Task<Void, any Error>?>(nil)
    }

    /// Runs a job against a server for the directory, then shuts the server down.
    static func run(
        data: String,
        _ job: @escaping @Sendable (_ server: String, _ token: String) async throws -> Void
    ) async throws {
        let token = UUID().uuidString
        let loopback = Endpoint(host: "127.0.0.1", port: 0)
        let configuration = ServerConfiguration(
            data: data,
            tcp: loopback,
            http: loopback,
            durability: .full,
            token: token,
            allowedHosts: [],
            webFolder: nil,
            logLevel: .error
        )
        let (addresses, ready) = AsyncStream<String>.makeStream()
        let server = HoldfastServer(configuration) { tcp, _ in
            ready.yield(tcp)
            ready.finish()
        }
        let (isJobOver, isInterrupted) = (Latch(), Latch())
        let work = Work()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer {
                    ready.finish()
                    // Without its server it would wait for ever.
                    work.task.withLock { $0 }?.cancel()
                }
                try await server.run { if !isJobOver.isSet { isInterrupted.set() } }
            }
            // A job that fails does not end this at once: the server would be cancelled instead of stopped, and complain.
            var failure: (any Error)?
            for await address in addresses {
                let task = Task { try await job(address, token) }
                work.task.withLock { $0 = task }
                // The signal may have come before there was a job to cancel.
                if isInterrupted.isSet { task.cancel() }
                do { try await task.value } catch { failure = error }
            }
            isJobOver.set()
            await server.stop()
            try await group.waitForAll()
            guard let failure else { return }
            // The job only sees that the server is gone.
            let isTold = (failure as? CommandFailure)?.code == Interruption.code
            guard isInterrupted.isSet, !isTold else { throw failure }
            throw CommandFailure(
                code: Interruption.code,
                message: "interrupted; what had begun by then was carried out, and nothing after it"
            )
        }
    }
}
