/// Lists episodes, of one run or of all.
public struct EpisodesList: Method {
    public static let name = "episodes.list"
    public static let effect = MethodEffect.read

    /// What the list is sorted by.
    public enum Order: String, Choice {
        case startedAt = "started_at"
        case totalReward = "total_reward"
        case steps
    }

    public var runID: String?
    public var order: Order?
    public var descending: Bool?
    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(
        runID: String? = nil,
        order: Order? = nil,
        descending: Bool? = nil,
        limit: Int? = nil,
        cursor: String? = nil
    ) {
        self.runID = runID
        self.order = order
        self.descending = descending
        self.limit = limit
        self.cursor = cursor
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case order
        case descending
        case limit
        case cursor
    }

    public struct Result: Codable, Sendable {
        public var episodes: [Episode]
        public var cursor: String?

        public init(episodes: [Episode], cursor: String?) {
            self.episodes = episodes
            self.cursor = cursor
        }
    }
}
