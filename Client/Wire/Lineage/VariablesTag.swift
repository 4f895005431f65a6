/// Pins records under a name: what is tagged, and what it was computed from, is not evicted.
public struct VariablesTag: Method {
    public static let name = "variables.tag"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var tag: String
    public var recordIDs: [String]

    public init(tag: String, recordIDs: [String]) {
        self.tag = tag
        self.recordIDs = recordIDs
    }

    private enum CodingKeys: String, CodingKey {
        case tag
        case recordIDs = "record_ids"
    }

    public struct Result: Codable, Sendable {
        /// How many did not have it yet.
        public var tagged: Int

        public init(tagged: Int) { self.tagged = tagged }
    }
}

/// Takes a tag from records.
public struct VariablesUntag: Method {
    public static let name = "variables.untag"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var tag: String
    /// nil: all that have it.
    public var recordIDs: [String]?

    public init(tag: String, recordIDs: [String]? = nil) {
        self.tag = tag
        self.recordIDs = recordIDs
    }

    private enum CodingKeys: String, CodingKey {
        case tag
        case recordIDs = "record_ids"
    }

    public struct Result: Codable, Sendable {
        public var untagged: Int

        public init(untagged: Int) { self.untagged = untagged }
    }
}

/// Tells which records have tags.
public struct VariablesTags: Method {
    public static let name = "variables.tags"
    public static let effect = MethodEffect.read

    /// Only this tag.
    public var tag: String?
    /// At most this many (default 1 000, at most 10 000).
    public var limit: Int?
    public var cursor: String?

    public init(tag: String? = nil, limit: Int? = nil, cursor: String? = nil) {
        self.tag = tag
        self.limit = limit
        self.cursor = cursor
    }

    public struct Tagged: Codable, Sendable, Equatable {
        public var tag: String
        public var recordID: String
        public var variable: String
        public var metadata: [String: JSONValue]
        /// UNIX seconds
        public var taggedAt: Double

        public init(tag: String, recordID: String, variable: String, metadata: [String: JSONValue], taggedAt: Double) {
            self.tag = tag
            self.recordID = recordID
            self.variable = variable
            self.metadata = metadata
            self.taggedAt = taggedAt
        }

        private enum CodingKeys: String, CodingKey {
            case tag
            case recordID = "record_id"
            case variable
            case metadata
            case taggedAt = "tagged_at"
        }
    }

    public struct Result: Codable, Sendable {
        /// By tag and record.
        public var tags: [Tagged]
        public var cursor: String?

        public init(tags: [Tagged], cursor: String?) {
            self.tags = tags
            self.cursor = cursor
        }
    }
}
