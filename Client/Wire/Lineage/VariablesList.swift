/// Tells which variables there are.
public struct VariablesList: Method {
    public static let name = "variables.list"
    public static let effect = MethodEffect.read

    public init() {}

    public struct Variable: Codable, Sendable, Equatable {
        public var variable: String
        public var locations: Int
        public var records: Int
        /// UNIX seconds
        public var lastSavedAt: Double?

        public init(variable: String, locations: Int, records: Int, lastSavedAt: Double?) {
            self.variable = variable
            self.locations = locations
            self.records = records
            self.lastSavedAt = lastSavedAt
        }

        private enum CodingKeys: String, CodingKey {
            case variable
            case locations
            case records
            case lastSavedAt = "last_saved_at"
        }
    }

    public struct Result: Codable, Sendable {
        public var variables: [Variable]

        public init(variables: [Variable]) { self.variables = variables }
    }
}

/// Tells what was saved at the locations that a filter finds, the newest first; a record that was saved again comes again.
public struct VariablesVersions: Method {
    public static let name = "variables.versions"
    public static let effect = MethodEffect.read

    public var variable: String
    public var metadata: [String: JSONValue]?
    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(variable: String, metadata: [String: JSONValue]? = nil, limit: Int? = nil, cursor: String? = nil) {
        self.variable = variable
        self.metadata = metadata
        self.limit = limit
        self.cursor = cursor
    }

    public struct Result: Codable, Sendable {
        /// Without their values.
        public var versions: [VariableRecord]
        public var cursor: String?

        public init(versions: [VariableRecord], cursor: String?) {
            self.versions = versions
            self.cursor = cursor
        }
    }
}

/// Deletes records: one, or all at a location. Their lineage stays.
public struct VariablesDelete: Method {
    public static let name = "variables.delete"
    public static let effect = MethodEffect.write

    public var variable: String
    /// A record's id.
    public var version: String?
    /// The location, in full.
    public var metadata: [String: JSONValue]?

    public var auditNote: String? { version.map { "record \($0) of \(variable)" } ?? "records of \(variable)" }

    public init(variable: String, version: String? = nil, metadata: [String: JSONValue]? = nil) {
        self.variable = variable
        self.version = version
        self.metadata = metadata
    }

    public static var soleParameters: [String]? { CodingKeys.allCases.map(\.rawValue) }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case variable
        case version
        case metadata
    }

    public struct Result: Codable, Sendable {
        public var deleted: Int

        public init(deleted: Int) { self.deleted = deleted }
    }
}
