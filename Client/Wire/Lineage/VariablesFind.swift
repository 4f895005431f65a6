/// Tells what is the latest at each of many locations, without the values.
public struct VariablesFind: Method, ReturnsArrays {
    public static let name = "variables.find"
    public static let effect = MethodEffect.read

    public var variable: String
    /// A row is a location: a column for each key, null where a location does not have it. At most 10 000 rows.
    public var locations: [String: TableColumn]
    /// Only what is at exactly these locations; otherwise also what is at one that has further keys (default false).
    public var exact: Bool?
    public var arrayEncoding: ArrayEncoding?

    public init(variable: String, locations: [String: TableColumn], exact: Bool? = nil) {
        self.variable = variable
        self.locations = locations
        self.exact = exact
    }

    private enum CodingKeys: String, CodingKey {
        case variable
        case locations
        case exact
        case arrayEncoding = "array_encoding"
    }

    /// A row for each location.
    public struct Result: Codable, Sendable {
        /// How many locations fit, 101 at most; of several nothing else is told.
        public var matches: ArrayValue
        public var recordID: StringColumn
        public var contentHash: StringColumn
        public var lineageHash: StringColumn
        public var schemaVersion: ArrayValue
        /// Whether its metadata is the location and nothing else.
        public var isExact: ArrayValue
        public var isEvicted: ArrayValue

        public init(
            matches: ArrayValue,
            recordID: StringColumn,
            contentHash: StringColumn,
            lineageHash: StringColumn,
            schemaVersion: ArrayValue,
            isExact: ArrayValue,
            isEvicted: ArrayValue
        ) {
            self.matches = matches
            self.recordID = recordID
            self.contentHash = contentHash
            self.lineageHash = lineageHash
            self.schemaVersion = schemaVersion
            self.isExact = isExact
            self.isEvicted = isEvicted
        }

        private enum CodingKeys: String, CodingKey {
            case matches
            case recordID = "record_id"
            case contentHash = "content_hash"
            case lineageHash = "lineage_hash"
            case schemaVersion = "schema_version"
            case isExact = "is_exact"
            case isEvicted = "is_evicted"
        }
    }
}
