import Wire

/// Who runs which invocation, in the database.
///
/// Leases are kept there, and not in memory, so that a worker that is in the middle of an hour's computation when the server
/// is restarted may still save it, and nobody else begins the same meanwhile. What that costs, a commit for each claim, is
/// small beside the commit that saves the outputs.
enum InvocationLeases {
    static let standardTTL = 30_000
    /// A day.
    private static let longestTTL = 86_400_000
    /// Seconds after its end for which a lease that nobody else took still lets its holder save.
    private static let memory = 86_400.0

    /// A lease of another.
    struct Held {
        let owner: String
        let expiry: Double
    }

    static func seconds(_ ttl: Int?) throws -> Double {
        let ttl = ttl ?? standardTTL
        guard (1...longestTTL).contains(ttl) else {
            throw WireError.invalidParams("params.ttl_ms is \(ttl); it is 1 to \(longestTTL)")
        }
        return Double(ttl) / 1000
    }

    /// The lease that keeps a caller from an invocation at this time; nil if none does.
    static func held(
        _ hashes: [String],
        byOtherThan owner: String,
        at time: Double,
        _ connection: Connection
    ) throws -> Held? {
        for hash in hashes {
            // A lease that ends later than any may was given before the clock was set back, and the server started again.
            let held = try connection.first(
                """
                SELECT owner, expires_at FROM lineage_leases
                WHERE lineage_hash = ? AND owner <> ? AND expires_at > ? AND expires_at <= ?
                """,
                hash,
                owner,
                time,
                time + Double(longestTTL) / 1000
            ) { Held(owner: $0.string(0), expiry: $0.double(1)) }
            if let held { return held }
        }
        return nil
    }

    /// Gives an invocation to a caller: the token that it has already, or a new one.
    static func give(
        _ hashes: [String],
        to owner: String,
        until expiry: Double,
        _ transaction: WriteTransaction
    ) throws -> Int64 {
        let connection = transaction.connection
        try connection.execute("DELETE FROM lineage_leases WHERE expires_at < ?", Timestamp.steady() - memory)
        let token = try own(hashes, owner, connection) ?? next(connection)
        for hash in hashes {
            try connection.execute(
                "INSERT OR REPLACE INTO lineage_leases (lineage_hash, token, owner, expires_at) VALUES (?, ?, ?, ?)",
                hash,
                token,
                owner,
                expiry
            )
        }
        return token
    }

    private static func own(_ hashes: [String], _ owner: String, _ connection: Connection) throws -> Int64? {
        for hash in hashes {
            let token = try connection.first(
                "SELECT token FROM lineage_leases WHERE lineage_hash = ? AND owner = ?",
                hash,
                owner
            ) { $0.integer(0) }
            if let token { return token }
        }
        return nil
    }

    private static func next(_ connection: Connection) throws -> Int64 {
        let token = try connection.first("UPDATE lineage_token SET last = last + 1 RETURNING last") { $0.integer(0) }
        guard let token else { throw WireError(.internalError, "the counter of leases is missing") }
        return token
    }

    /// Says what a token's lease covers.
    static func hashes(of token: Int64, _ connection: Connection) throws -> [String] {
        try connection.rows("SELECT lineage_hash FROM lineage_leases WHERE token = ?", [token]) { $0.string(0) }
    }

    static func lost(_ token: Int64) -> WireError {
        WireError(
            "lease_lost",
            "lease \(token) does not count any more: it has ended and the invocation was given to another, or was stored; ask again with lineage.claim"
        )
    }

    /// Ends the lease of an output that is being saved; throws unless its token is the newest that was given.
    static func settle(_ lineage: Lineage, _ connection: Connection) throws {
        guard let token = lineage.lease else { return }
        guard let hash = lineage.lineageHash else {
            throw WireError.invalidParams("lineage.lease needs the lineage.lineage_hash that it was given for")
        }
        let ended = try connection.execute(
            "DELETE FROM lineage_leases WHERE lineage_hash = ? AND token = ?",
            hash,
            token
        )
        guard ended > 0 else { throw lost(token) }
    }
}
