/// Reads metric rows in the order in which they came.
public struct MetricsQuery: Method {
    public static let name = "metrics.query"
    public static let effect = MethodEffect.read

    public var table: String
    public var runID: String?
    /// Column to value, or to a list of values.
    public var filters: [String: JSONValue]?
    /// `from ≤ timestamp ≤ to`, UNIX seconds
    public var from: Double?
    public var to: Double?
    /// At most this many (default 1 000, at most 10 000).
    public var limit: Int?
    public var cursor: String?
    /// Also the last page has a cursor, with which what came since can be asked for.
    public var follow: Bool?

    public init(
        table: String,
        runID: String? = nil,
        filters: [String: JSONValue]? = nil,
        from: Double? = nil,
        to: Double? = nil,
        limit: Int? = nil,
        cursor: String? = nil,
        follow: Bool? = nil
    ) {
        self.table = table
        self.runID = runID
        self.filters = filters
        self.from = from
        self.to = to
        self.limit = limit
        self.cursor = cursor
        self.follow = follow
    }

    private enum CodingKeys: String, CodingKey {
        case table
        case runID = "run_id"
        case filters = "where"
        case from
        case to
        case limit
        case cursor
        case follow
    }

    public struct Result: Codable, Sendable {
        /// The table's columns by name; a value that is not finite is "NaN", "Infinity" or "-Infinity".
        public var rows: [[String: JSONValue]]
        public var cursor: String?

        public init(rows: [[String: JSONValue]], cursor: String?) {
            self.rows = rows
            self.cursor = cursor
        }
    }
}
