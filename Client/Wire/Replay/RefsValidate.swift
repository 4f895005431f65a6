/// Checks a run's references against its array file.
public struct RefsValidate: Method {
    public static let name = "refs.validate"
    public static let effect = MethodEffect.read

    public var runID: String
    /// Whether to decompress every array, too.
    public var decode: Bool?

    public init(runID: String, decode: Bool? = nil) {
        self.runID = runID
        self.decode = decode
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case decode
    }

    public struct Result: Codable, Sendable {
        /// The most references that `missing` and `undecodable` list.
        public static let mostListed = 1000

        /// The references that were checked.
        public var checked: Int
        /// References with no array behind them, the first thousand of them.
        public var missing: [String]
        public var missingCount: Int
        /// Stored rows that no committed row refers to.
        public var unreferenced: Int
        /// References to arrays that can't be decompressed, the first thousand; only where that was asked for.
        public var undecodable: [String]?
        /// Counts that differ between the database and the file, in words.
        public var problems: [String]

        public init(
            checked: Int,
            missing: [String],
            missingCount: Int,
            unreferenced: Int,
            undecodable: [String]?,
            problems: [String]
        ) {
            self.checked = checked
            self.missing = missing
            self.missingCount = missingCount
            self.unreferenced = unreferenced
            self.undecodable = undecodable
            self.problems = problems
        }

        private enum CodingKeys: String, CodingKey {
            case checked
            case missing
            case missingCount = "missing_count"
            case unreferenced
            case undecodable
            case problems
        }
    }
}
