import NIOCore
import ServiceLifecycle
import Wire

extension Provenance {
    private static let longestWait = 60_000
    /// Milliseconds after which a caller that did not wait should ask again.
    private static let retryAfter = 250

    /// `lineage.claim`
    ///
    /// Whoever waits is told that the invocation is free, not given its lease: a caller that has gone away meanwhile would
    /// keep the others from it for as long as the lease lasts.
    func claim(_ parameters: LineageClaim, _ context: CallContext) async throws -> LineageClaim.Result {
        let ttl = try Self.check(parameters)
        await context.earlierWrites()
        let deadline = ContinuousClock.now + .milliseconds(parameters.wait ?? 0)
        if let stored = try await catalog.read({ try Self.stored(parameters, $0) }) { return stored }
        var answer = try await taken(parameters, ttl: ttl)
        while answer.holder != nil {
            // Before it is looked at, so that nothing is missed in between.
            let bell = waiters.listen(to: parameters.lineageHashes)
            answer = try await catalog.read { try Self.stored(parameters, $0) ?? Self.busy(parameters, $0) }
            guard answer.holder != nil, let expiry = answer.expiresAt, deadline > .now,
                !Task.isShuttingDownGracefully
            else { break }
            let left = Duration.seconds(max(0, expiry - Timestamp.steady()))
            await Self.pause(until: min(deadline, .now + left), or: bell)
        }
        return answer
    }

    /// The lease's length in seconds.
    private static func check(_ parameters: LineageClaim) throws -> Double {
        let hashes = parameters.lineageHashes
        guard (1...1000).contains(hashes.count), Set(hashes).count == hashes.count,
            hashes.allSatisfy({ (1...256).contains($0.utf8.count) })
        else { throw WireError.invalidParams("params.lineage_hashes: 1 to 1 000 different ones of 1 to 256 bytes") }
        guard (1...256).contains(parameters.owner.utf8.count) else {
            throw WireError.invalidParams("params.owner has 1 to 256 bytes")
        }
        guard (0...longestWait).contains(parameters.wait ?? 0) else {
            throw WireError.invalidParams("params.wait_ms is \(parameters.wait ?? 0); it is 0 to \(longestWait)")
        }
        return try InvocationLeases.seconds(parameters.ttl)
    }

    /// The outputs, if all of them are there.
    private static func stored(
        _ parameters: LineageClaim,
        _ connection: Connection
    ) throws -> LineageClaim.Result? {
        let except = Set(parameters.except ?? [])
        var records: [LineageFind.Output] = []
        for (number, hash) in parameters.lineageHashes.enumerated() {
            let found = try outputs(of: hash, connection).filter {
                $0.outputNum == number && !except.contains($0.recordID)
            }
            if found.isEmpty { return nil }
            records += found
        }
        return LineageClaim.Result(status: .stored, records: records)
    }

    /// That another holds the lease; without a holder if that has just ended.
    private static func busy(_ parameters: LineageClaim, _ connection: Connection) throws -> LineageClaim.Result {
        let held = try InvocationLeases.held(
            parameters.lineageHashes,
            byOtherThan: parameters.owner,
            at: Timestamp.steady(),
            connection
        )
        return LineageClaim.Result(
            status: .busy,
            holder: held?.owner,
            expiresAt: held?.expiry,
            retryAfter: held == nil ? 0 : retryAfter
        )
    }

    /// The outputs, the lease, or that it is another's: as it is in the writer's turn.
    private func taken(_ parameters: LineageClaim, ttl: Double) async throws -> LineageClaim.Result {
        let outcome = await catalog.writer.perform(
            WriteOperation(stamp: nil) { transaction in
                let connection = transaction.connection
                if let stored = try Self.stored(parameters, connection) { return try JSONCoding.encode(stored) }
                let busy = try Self.busy(parameters, connection)
                guard busy.holder == nil else { return try JSONCoding.encode(busy) }
                let expiry = Timestamp.steady() + ttl
                let token = try InvocationLeases.give(
                    parameters.lineageHashes,
                    to: parameters.owner,
                    until: expiry,
                    transaction
                )
                return try JSONCoding.encode(
                    LineageClaim.Result(status: .claimed, token: token, expiresAt: expiry)
                )
            }
        )
        switch outcome {
        case .failure(let error): throw error
        case .result(let bytes, _): return try JSONCoding.decode(LineageClaim.Result.self, from: bytes)
        }
    }

    private static func pause(until deadline: ContinuousClock.Instant, or bell: AsyncStream<Void>) async {
        await withTaskGroup { group in
            group.addTask { for await _ in bell.cancelOnGracefulShutdown() { return } }
            // Interrupted when the bell rang first.
            group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
            await group.next()
            group.cancelAll()
        }
    }

    /// `lineage.renew`
    func renew(_ parameters: LineageRenew) throws -> @Sendable (WriteTransaction) throws -> LineageRenew.Result {
        let ttl = try InvocationLeases.seconds(parameters.ttl)
        return { transaction in
            let expiry = Timestamp.steady() + ttl
            let renewed = try transaction.connection.execute(
                "UPDATE lineage_leases SET expires_at = ? WHERE token = ?",
                expiry,
                parameters.token
            )
            guard renewed > 0 else { throw InvocationLeases.lost(parameters.token) }
            return LineageRenew.Result(expiresAt: expiry)
        }
    }

    /// `lineage.release`
    func release(_ parameters: LineageRelease) -> @Sendable (WriteTransaction) throws -> LineageRelease.Result {
        { [waiters] transaction in
            let hashes = try InvocationLeases.hashes(of: parameters.token, transaction.connection)
            try transaction.connection.execute("DELETE FROM lineage_leases WHERE token = ?", parameters.token)
            transaction.afterCommit { for hash in hashes { waiters.wake(hash) } }
            return LineageRelease.Result(released: !hashes.isEmpty)
        }
    }
}
