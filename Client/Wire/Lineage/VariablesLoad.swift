/// Loads the latest value at a location, or an exact record.
public struct VariablesLoad: Method, ReturnsArrays {
    public static let name = "variables.load"
    public static let effect = MethodEffect.read

    public var variable: String
    /// Any of the schema keys, and version keys; all that are given must be equal.
    public var metadata: [String: JSONValue]?
    /// A record's id.
    public var version: String?
    /// As it was at this time, UNIX seconds.
    public var asOf: Double?
    /// Whether the value comes, too (default true).
    public var values: Bool?
    /// Whether an array that was uploaded in pieces comes as their names, for `variables.download`; otherwise it comes whole, and
    /// is refused where it is too large for that (default false).
    public var pieces: Bool?
    public var arrayEncoding: ArrayEncoding?

    public init(
        variable: String,
        metadata: [String: JSONValue]? = nil,
        version: String? = nil,
        asOf: Double? = nil,
        values: Bool? = nil,
        pieces: Bool? = nil
    ) {
        self.variable = variable
        self.metadata = metadata
        self.version = version
        self.asOf = asOf
        self.values = values
        self.pieces = pieces
    }

    private enum CodingKeys: String, CodingKey {
        case variable
        case metadata
        case version
        case asOf = "as_of"
        case values
        case pieces
        case arrayEncoding = "array_encoding"
    }

    public typealias Result = VariableRecord
}

/// Loads the latest value at every location that a filter finds, page by page.
public struct VariablesLoadAll: Method, ReturnsArrays {
    public static let name = "variables.load_all"
    public static let effect = MethodEffect.read

    public var variable: String
    public var metadata: [String: JSONValue]?
    public var asOf: Double?
    /// Whether the values come, too (default true).
    public var values: Bool?
    /// As in ``VariablesLoad``.
    public var pieces: Bool?
    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?
    public var arrayEncoding: ArrayEncoding?

    public init(
        variable: String,
        metadata: [String: JSONValue]? = nil,
        asOf: Double? = nil,
        values: Bool? = nil,
        pieces: Bool? = nil,
        limit: Int? = nil,
        cursor: String? = nil
    ) {
        self.variable = variable
        self.metadata = metadata
        self.asOf = asOf
        self.values = values
        self.pieces = pieces
        self.limit = limit
        self.cursor = cursor
    }

    private enum CodingKeys: String, CodingKey {
        case variable
        case metadata
        case asOf = "as_of"
        case values
        case pieces
        case limit
        case cursor
        case arrayEncoding = "array_encoding"
    }

    public struct Result: Codable, Sendable {
        public var records: [VariableRecord]
        public var cursor: String?

        public init(records: [VariableRecord], cursor: String?) {
            self.records = records
            self.cursor = cursor
        }
    }
}

/// A record of a variable.
public struct VariableRecord: Codable, Sendable, Equatable {
    public var recordID: String
    public var variable: String
    public var schemaVersion: Int
    public var metadata: [String: JSONValue]
    /// SHA-256 of dtype, shape and bytes, or of what else the value consists of.
    public var contentHash: String
    public var lineageHash: String?
    /// UNIX seconds, when it became the latest.
    public var savedAt: Double
    /// What the value takes where it is stored.
    public var bytes: Int?
    /// Whether the value was evicted: what made it can make it again.
    public var isEvicted: Bool?
    /// nil where it was not asked for, or was evicted.
    public var value: VariableValue?

    public init(
        recordID: String,
        variable: String,
        schemaVersion: Int,
        metadata: [String: JSONValue],
        contentHash: String,
        lineageHash: String?,
        savedAt: Double,
        bytes: Int? = nil,
        isEvicted: Bool? = nil,
        value: VariableValue?
    ) {
        self.recordID = recordID
        self.variable = variable
        self.schemaVersion = schemaVersion
        self.metadata = metadata
        self.contentHash = contentHash
        self.lineageHash = lineageHash
        self.savedAt = savedAt
        self.bytes = bytes
        self.isEvicted = isEvicted
        self.value = value
    }

    private enum CodingKeys: String, CodingKey {
        case recordID = "record_id"
        case variable
        case schemaVersion = "schema_version"
        case metadata
        case contentHash = "content_hash"
        case lineageHash = "lineage_hash"
        case savedAt = "saved_at"
        case bytes
        case isEvicted = "is_evicted"
        case value
    }
}
