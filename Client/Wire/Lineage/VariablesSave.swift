/// Saves a value of a variable at the location that its metadata names.
public struct VariablesSave: Method {
    public static let name = "variables.save"
    public static let effect = MethodEffect.ingest

    public var variable: String
    /// Of the type that wrote the value (default 1).
    public var schemaVersion: Int?
    /// Key to string, number or truth value.
    public var metadata: [String: JSONValue]
    public var value: VariableValue
    /// What it was computed from.
    public var lineage: Lineage?

    public init(
        variable: String,
        schemaVersion: Int? = nil,
        metadata: [String: JSONValue],
        value: VariableValue,
        lineage: Lineage? = nil
    ) {
        self.variable = variable
        self.schemaVersion = schemaVersion
        self.metadata = metadata
        self.value = value
        self.lineage = lineage
    }

    private enum CodingKeys: String, CodingKey {
        case variable
        case schemaVersion = "schema_version"
        case metadata
        case value
        case lineage
    }

    public struct Result: Codable, Sendable, Equatable {
        public var recordID: String
        /// Of the value; equal for equal values, wherever they are.
        public var contentHash: String
        /// What `variables.load` takes as `version`: the record.
        public var version: String
        /// Whether this record was there already; it is the latest now.
        public var deduplicated: Bool
        /// Whether the value had been evicted, and is there again; nil: no.
        public var restored: Bool?
        /// The evicted record of the same invocation and address, if its content was another: then the function does not give
        /// the same for the same arguments.
        public var differsFrom: String?

        public init(
            recordID: String,
            contentHash: String,
            deduplicated: Bool,
            restored: Bool? = nil,
            differsFrom: String? = nil
        ) {
            self.recordID = recordID
            self.contentHash = contentHash
            version = recordID
            self.deduplicated = deduplicated
            self.restored = restored
            self.differsFrom = differsFrom
        }

        private enum CodingKeys: String, CodingKey {
            case recordID = "record_id"
            case contentHash = "content_hash"
            case version
            case deduplicated
            case restored
            case differsFrom = "differs_from"
        }
    }
}

/// An invocation that made a record.
public struct Lineage: Codable, Sendable, Equatable {
    /// A record that went in.
    public struct Input: Codable, Sendable, Equatable {
        /// The parameter that it was bound to.
        public var name: String
        public var recordID: String
        /// Its variable.
        public var type: String

        public init(name: String, recordID: String, type: String) {
            self.name = name
            self.recordID = recordID
            self.type = type
        }

        private enum CodingKeys: String, CodingKey {
            case name
            case recordID = "record_id"
            case type
        }
    }

    /// Of the function, the output's number and the bound arguments; equal invocations have equal ones.
    public var lineageHash: String?
    /// Which of the invocation's outputs it is, from 0.
    public var outputNum: Int?
    public var functionName: String
    public var functionHash: String
    public var inputs: [Input]
    /// Arguments, each `{"name", "hash"}` and, where it is no record, its `"value"`; and whatever else tells them apart.
    public var constants: [JSONValue]
    /// What the function consists of: the hash of each of its parts, by name.
    public var functionParts: [String: String]?
    public var runID: String?
    public var userID: String?
    /// The machine that it ran on.
    public var host: String?
    /// UNIX seconds, when it began to run.
    public var startedAt: Double?
    /// In `variables.save`: the token under which it ran; refused with `lease_lost` unless that still counts.
    public var lease: Int64?

    public init(
        lineageHash: String? = nil,
        outputNum: Int? = nil,
        functionName: String,
        functionHash: String,
        inputs: [Input] = [],
        constants: [JSONValue] = [],
        functionParts: [String: String]? = nil,
        runID: String? = nil,
        userID: String? = nil,
        host: String? = nil,
        startedAt: Double? = nil,
        lease: Int64? = nil
    ) {
        self.lineageHash = lineageHash
        self.outputNum = outputNum
        self.functionName = functionName
        self.functionHash = functionHash
        self.inputs = inputs
        self.constants = constants
        self.functionParts = functionParts
        self.runID = runID
        self.userID = userID
        self.host = host
        self.startedAt = startedAt
        self.lease = lease
    }

    private enum CodingKeys: String, CodingKey {
        case lineageHash = "lineage_hash"
        case outputNum = "output_num"
        case functionName = "function_name"
        case functionHash = "function_hash"
        case inputs
        case constants
        case functionParts = "function_parts"
        case runID = "run_id"
        case userID = "user_id"
        case host
        case startedAt = "started_at"
        case lease
    }
}
