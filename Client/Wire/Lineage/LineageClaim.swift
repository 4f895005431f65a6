/// Asks to run an invocation: its stored outputs, else the lease that lets one caller at a time run it.
public struct LineageClaim: Method {
    public static let name = "lineage.claim"
    /// It waits, so it must not hold up the writes that come after it; the lease that it may give is no stamped write: the
    /// same owner gets the same one again.
    public static let effect = MethodEffect.read
    public static let role: Role? = .ingest

    /// Of the invocation's outputs, in their order.
    public var lineageHashes: [String]
    /// Who asks: unlike any other caller that may run at the same time.
    public var owner: String
    /// Milliseconds until the lease ends unless it is renewed (default 30 000).
    public var ttl: Int?
    /// Milliseconds to wait while another runs it (default 0, at most 60 000).
    public var wait: Int?
    /// Records that are no outputs to the caller, although they are there.
    public var except: [String]?

    public init(lineageHashes: [String], owner: String, ttl: Int? = nil, wait: Int? = nil, except: [String]? = nil) {
        self.lineageHashes = lineageHashes
        self.owner = owner
        self.ttl = ttl
        self.wait = wait
        self.except = except
    }

    private enum CodingKeys: String, CodingKey {
        case lineageHashes = "lineage_hashes"
        case owner
        case ttl = "ttl_ms"
        case wait = "wait_ms"
        case except
    }

    public enum Status: String, Choice {
        /// All outputs are there.
        case stored
        /// The caller is to run it.
        case claimed
        /// Another runs it, or has just ended without storing all outputs.
        case busy
    }

    public struct Result: Codable, Sendable, Equatable {
        public var status: Status
        /// When stored: the outputs, by their number.
        public var records: [LineageFind.Output]?
        /// When claimed: greater than that of every lease before; goes with what is saved.
        public var token: Int64?
        /// When busy: the other's name.
        public var holder: String?
        /// UNIX seconds, of the caller's lease or of the holder's.
        public var expiresAt: Double?
        /// When busy: milliseconds.
        public var retryAfter: Int?

        public init(
            status: Status,
            records: [LineageFind.Output]? = nil,
            token: Int64? = nil,
            holder: String? = nil,
            expiresAt: Double? = nil,
            retryAfter: Int? = nil
        ) {
            self.status = status
            self.records = records
            self.token = token
            self.holder = holder
            self.expiresAt = expiresAt
            self.retryAfter = retryAfter
        }

        private enum CodingKeys: String, CodingKey {
            case status
            case records
            case token
            case holder
            case expiresAt = "expires_at"
            case retryAfter = "retry_after_ms"
        }
    }
}

/// Prolongs a lease.
public struct LineageRenew: Method {
    public static let name = "lineage.renew"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var token: Int64
    /// Milliseconds from now (default 30 000).
    public var ttl: Int?

    public init(token: Int64, ttl: Int? = nil) {
        self.token = token
        self.ttl = ttl
    }

    private enum CodingKeys: String, CodingKey {
        case token
        case ttl = "ttl_ms"
    }

    public struct Result: Codable, Sendable {
        /// UNIX seconds
        public var expiresAt: Double

        public init(expiresAt: Double) { self.expiresAt = expiresAt }

        private enum CodingKeys: String, CodingKey {
            case expiresAt = "expires_at"
        }
    }
}

/// Gives a lease back before it ends.
public struct LineageRelease: Method {
    public static let name = "lineage.release"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var token: Int64

    public init(token: Int64) { self.token = token }

    public struct Result: Codable, Sendable {
        /// Whether it was still held.
        public var released: Bool

        public init(released: Bool) { self.released = released }
    }
}
