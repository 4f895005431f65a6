/// Lists the runs, the latest first.
public struct RunsList: Method {
    public static let name = "runs.list"
    public static let effect = MethodEffect.read

    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    public struct Result: Codable, Sendable {
        public var runs: [Run]
        /// Where the next page begins; nil at the end.
        public var cursor: String?

        public init(runs: [Run], cursor: String?) {
            self.runs = runs
            self.cursor = cursor
        }
    }
}
