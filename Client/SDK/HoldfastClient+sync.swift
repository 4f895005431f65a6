import NIOCore
import NIOPosix

extension HoldfastClient {
    /// What ``sync(directory:server:token:options:)`` did.
    public struct SyncReport: Sendable {
        /// Records that the server has now.
        public var acknowledged: Int
        /// Records that it refused; they are in the spool's folder `rejected`.
        public var rejected: Int
        /// Spools of which a part, or all, can't be read; that is in folders `damaged-…` beside them.
        public var damaged: Int
        /// Spools that are still there: not sent in time, or in use by a process that sends them itself.
        public var left: Int
    }

    /// Sends what processes left in a spool, under their own producer ids, so that nothing is stored twice.
    ///
    /// - Parameters:
    ///   - directory: Of the spools; by default the one that clients use by default.
    ///   - server: Where everything goes; nil sends only what is for `127.0.0.1:7411`.
    ///   - deadline: How long it may take.
    /// - Throws: ``HoldfastError`` with `invalid_address`, or `unreachable` when there is no server.
    public static func sync(
        directory: String? = nil,
        server: String = "127.0.0.1:7411",
        token: String? = nil,
        options: ClientOptions = ClientOptions(),
        deadline: Duration = .seconds(3600)
    ) async throws -> SyncReport {
        let directory = directory ?? options.spoolDirectory ?? SpoolFolder.standardDirectory
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let settings = ConnectionSettings(
            address: try ServerAddress(server),
            token: token,
            clientName: options.clientName,
            connectTimeout: options.connectTimeout,
            requestTimeout: options.requestTimeout
        )
        let calls = Calls(on: loop, settings: settings)
        let drains = Drains(on: loop, directory: directory, server: nil, settings: settings, options: options)
        let outcome: Result<SyncReport, any Error>
        do {
            // Says soon that there is no server, where the drains would try again for ever.
            _ = try await calls.call(ServerPing())
            drains.start()
            await drains.wait(within: deadline)
            let delivered = drains.delivered
            outcome = .success(
                SyncReport(
                    acknowledged: delivered.acknowledged,
                    rejected: delivered.rejected,
                    damaged: delivered.damaged,
                    left: 0
                )
            )
        } catch {
            outcome = .failure(error)
        }
        _ = try? await drains.stop().get()
        _ = try? await calls.stop().get()
        try? await group.shutdownGracefully()
        var report = try outcome.get()
        report.left = SpoolFolder.all(in: directory).count
        return report
    }
}
