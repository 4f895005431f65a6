/// Evicts values that nothing needs any more: their records and lineage stay, and saving them again brings them back.
public struct VariablesCollect: Method {
    public static let name = "variables.collect"
    public static let effect = MethodEffect.write

    /// What keeps more than itself.
    public enum Root: String, Choice {
        /// What tagged records were computed from.
        case tags
        /// What was computed from snapshots, and from what else that was computed.
        case snapshots
    }

    /// The newest so many records of each location are kept (default 1).
    public var keepLatest: Int?
    /// Default: both. What is tagged is kept in any case.
    public var keepReachable: [Root]?
    /// Whether values go, too, that no known function made, so that nobody can compute them again (default false).
    public var originals: Bool?
    /// Seconds for which a value stays in quarantine before it is evicted (default a day).
    public var grace: Double?
    /// Only tells what would be done.
    public var dryRun: Bool?

    public var auditNote: String? { dryRun ?? false ? nil : "keeping the latest \(keepLatest ?? 1)" }

    public init(
        keepLatest: Int? = nil,
        keepReachable: [Root]? = nil,
        originals: Bool? = nil,
        grace: Double? = nil,
        dryRun: Bool? = nil
    ) {
        self.keepLatest = keepLatest
        self.keepReachable = keepReachable
        self.originals = originals
        self.grace = grace
        self.dryRun = dryRun
    }

    public static var soleParameters: [String]? { CodingKeys.allCases.map(\.rawValue) }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case keepLatest = "keep_latest"
        case keepReachable = "keep_reachable"
        case originals
        case grace = "grace_seconds"
        case dryRun = "dry_run"
    }

    /// Values, and their bytes.
    public struct Amount: Codable, Sendable, Equatable {
        public var values: Int
        public var bytes: Int

        public init(values: Int, bytes: Int) {
            self.values = values
            self.bytes = bytes
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        /// Needed.
        public var kept: Amount
        /// Were in quarantine, and are needed again.
        public var rescued: Amount
        /// Not needed, and in quarantine for less than the grace.
        public var quarantined: Amount
        /// Evicted now.
        public var evicted: Amount

        public init(kept: Amount, rescued: Amount, quarantined: Amount, evicted: Amount) {
            self.kept = kept
            self.rescued = rescued
            self.quarantined = quarantined
            self.evicted = evicted
        }
    }
}

/// Writes the array file of variables anew without the values that were evicted.
public struct VariablesCompact: Method {
    public static let name = "variables.compact"
    public static let effect = MethodEffect.write

    public init() {}

    public struct Result: Codable, Sendable, Equatable {
        public var bytesBefore: Int
        public var bytes: Int

        public init(bytesBefore: Int, bytes: Int) {
            self.bytesBefore = bytesBefore
            self.bytes = bytes
        }

        private enum CodingKeys: String, CodingKey {
            case bytesBefore = "bytes_before"
            case bytes
        }
    }
}
