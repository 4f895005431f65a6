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
        /// What `variables.load` takes as `version`: the record.
        public var version: String
        /// Whether this record was there already; it is the latest now.
        public var deduplicated: Bool

        public init(recordID: String, deduplicated: Bool) {
            self.recordID = recordID
            version = recordID
            self.deduplicated = deduplicated
        }

        private enum CodingKeys: String, CodingKey {
            case recordID = "record_id"
            case version
            case deduplicated
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
    /// Arguments that are no records.
    public var constants: [JSONValue]
    public var runID: String?
    public var userID: String?

    public init(
        lineageHash: String? = nil,
        outputNum: Int? = nil,
        functionName: String,
        functionHash: String,
        inputs: [Input] = [],
        constants: [JSONValue] = [],
        runID: String? = nil,
        userID: String? = nil
    ) {
        self.lineageHash = lineageHash
        self.outputNum = outputNum
        self.functionName = functionName
        self.functionHash = functionHash
        self.inputs = inputs
        self.constants = constants
        self.runID = runID
        self.userID = userID
    }

    private enum CodingKeys: String, CodingKey {
        case lineageHash = "lineage_hash"
        case outputNum = "output_num"
        case functionName = "function_name"
        case functionHash = "function_hash"
        case inputs
        case constants
        case runID = "run_id"
        case userID = "user_id"
    }
}
