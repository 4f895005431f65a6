/// Appends metrics; a bad row costs that row only.
public struct MetricsAppend: Method {
    public static let name = "metrics.append"
    public static let effect = MethodEffect.ingest

    /// The run of rows that name none.
    public var runID: String?
    /// Each `{table, timestamp?, …the table's columns}`; read one by one, so that one bad row costs only itself.
    public var rows: [Row]?
    public var columns: [Block]?

    public init(runID: String? = nil, rows: [JSONValue]? = nil, columns: [Block]? = nil) {
        self.runID = runID
        self.rows = rows?.map { Row(value: $0) }
        self.columns = columns
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case rows
        case columns
    }

    /// A row as it came; nil where it has a number that fits no 64-bit float, which is that row's fault alone.
    public struct Row: Codable, Sendable {
        public var value: JSONValue?

        init(value: JSONValue) { self.value = value }

        public init(from decoder: any Decoder) { value = try? JSONValue(from: decoder) }

        public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
    }

    /// Rows of one table as columns.
    public struct Block: Codable, Sendable {
        public var table: String
        public var count: Int
        public var columns: [String: Column]

        public init(table: String, count: Int, columns: [String: Column]) {
            self.table = table
            self.count = count
            self.columns = columns
        }
    }

    /// A column of strings or of numbers.
    public enum Column: Codable, Sendable {
        case strings(StringColumn)
        case numbers(NumericColumn)

        private enum CodingKeys: CodingKey {
            case codes
        }

        public init(from decoder: any Decoder) throws {
            if try decoder.container(keyedBy: CodingKeys.self).contains(.codes) {
                self = .strings(try StringColumn(from: decoder))
            } else {
                self = .numbers(try NumericColumn(from: decoder))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            switch self {
            case .strings(let column): try column.encode(to: encoder)
            case .numbers(let column): try column.encode(to: encoder)
            }
        }
    }

    public struct Result: Codable, Sendable {
        /// The most entries of `rejected`.
        public static let mostRejected = 1000

        public var stored: Int
        /// The rows that were not stored, the first thousand of them.
        public var rejected: [RejectedRow]
        /// How many were not stored, where `rejected` does not have all.
        public var rejectedCount: Int?

        public init(stored: Int, rejected: [RejectedRow], rejectedCount: Int? = nil) {
            self.stored = stored
            self.rejected = rejected
            self.rejectedCount = rejectedCount
        }

        private enum CodingKeys: String, CodingKey {
            case stored
            case rejected
            case rejectedCount = "rejected_count"
        }
    }
}
