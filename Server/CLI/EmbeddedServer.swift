import Foundation
import Logging

/// A server inside the process of a command, for a data directory that no other server is using.
enum EmbeddedServer {
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
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { ready.finish() }
                try await server.run()
            }
            // A job that fails does not end this at once: the server would be cancelled instead of stopped, and complain.
            var failure: (any Error)?
            for await address in addresses {
                do { try await job(address, token) } catch { failure = error }
            }
            await server.stop()
            try await group.waitForAll()
            if let failure { throw failure }
        }
    }
}
