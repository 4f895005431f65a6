import NIOCore
import NIOPosix

extension HoldfastClient {
    /// What ``sync(directory:server:token:options:)`` did.
    public struct SyncReport: Sendable {
        /// Records that the server has now.
        public var acknowledged: Int
        /// Records that it refused; they are in the spool's folder `rejected`.
        public var rejected: Int
        /// The directory of the spools.
        public var directory: String
        /// Spools that were there.
        public var found: Int
        /// Spools of which a part, or all, can't be read; that is in folders `damaged-…` beside them.
        public var damaged: Int
        /// Spools that are still there: not sent in time, or in use by a process that sends them itself.
        public var left: Int
        /// Spools that can't be opened, and why.
        public var unreadable: [(spool: String, error: any Error)] = []
        /// The servers that spools are for and to which nothing could be sent, and why.
        public var failures: [(server: String, error: any Error)] = []
    }

    /// Sends what processes left in a spool, under their own producer ids, so that nothing is stored twice.
    ///
    /// - Parameters:
    ///   - directory: Of the spools; by default the one that clients use by default.
    ///   - server: Where everything goes; nil: each spool to the server that its process logged to.
    ///   - deadline: How long it may take.
    /// - Throws: ``HoldfastError`` with `spool` when the directory can't be read, or is itself a spool. With a `server`, ``HoldfastError`` with `invalid_address`, `unreachable` when there is none, or `tls`. Without,
    ///   one that spools are for and that can't be sent to is among the report's failures, and the others get theirs.
    public static func sync(
        directory: String? = nil,
        server: String? = nil,
        token: String? = nil,
        options: ClientOptions = ClientOptions(),
        deadline: Duration = .seconds(3600)
    ) async throws -> SyncReport {
        let directory = directory ?? options.spoolDirectory ?? SpoolFolder.standardDirectory
        guard !SpoolFolder.isOne(directory) else {
            throw HoldfastError(.spool, "\(directory) is itself a spool; name the folder above it")
        }
        let found = try SpoolFolder.found(in: directory).count
        var report = SyncReport(acknowledged: 0, rejected: 0, directory: directory, found: found, damaged: 0, left: 0)
        var unreadable: [String: any Error] = [:]
        let end = ContinuousClock.now + deadline
        for address in server.map({ [$0] }) ?? servers(in: directory, unreadable: &unreadable) {
            do {
                let part = try await send(
                    SpoolsOf(directory: directory, server: server == nil ? address : nil),
                    to: address,
                    token: token,
                    options: options,
                    deadline: end - .now
                )
                report.acknowledged += part.acknowledged
                report.rejected += part.rejected
                report.damaged += part.damaged
                unreadable.merge(part.unreadable) { $1 }
            } catch {
                guard server == nil else { throw error }
                report.failures.append((address, error))
            }
        }
        // One that is gone by now was somebody else's, who has sent it.
        let left = SpoolFolder.all(in: directory)
        report.left = left.count
        report.unreadable = left.compactMap { folder in unreadable[folder.path].map { (folder.path, $0) } }
        return report
    }

    /// Spools of a directory: those for one server, or nil: all.
    private struct SpoolsOf {
        let directory: String
        let server: String?
    }

    /// The servers that the spools of a directory are for; those that can't be opened are added to `unreadable`.
    private static func servers(in directory: String, unreadable: inout [String: any Error]) -> [String] {
        var servers: Set<String> = []
        for folder in SpoolFolder.all(in: directory) {
            do {
                if let state = try SpoolStateFile(in: folder)?.read() { servers.insert(state.server) }
            } catch {
                if error is Files.Failure { unreadable[folder.path] = error }
            }
        }
        return servers.sorted()
    }

    private static func send(
        _ spools: SpoolsOf,
        to server: String,
        token: String?,
        options: ClientOptions,
        deadline: Duration
    ) async throws -> Drains.Delivered {
        let settings = try ConnectionSettings(address: try ServerAddress(server), token: token, options: options)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let calls = Calls(on: loop, settings: settings)
        let drains = Drains(
            on: loop,
            directory: spools.directory,
            server: spools.server,
            settings: settings,
            options: options
        )
        let outcome: Result<Drains.Delivered, any Error>
        do {
            // Says soon that there is no server, where the drains would try again for ever.
            _ = try await calls.call(ServerPing())
            drains.start()
            await drains.wait(within: deadline)
            if let refusal = drains.refusal { throw refusal }
            outcome = .success(drains.delivered)
        } catch {
            outcome = .failure(error)
        }
        _ = try? await drains.stop().get()
        _ = try? await calls.stop().get()
        try? await group.shutdownGracefully()
        return try outcome.get()
    }
}
