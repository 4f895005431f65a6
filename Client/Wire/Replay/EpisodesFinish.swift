/// Closes an episode and answers with its roll-up.
public struct EpisodesFinish: Method {
    public static let name = "episodes.finish"
    public static let effect = MethodEffect.ingest

    public var runID: String
    public var episodeID: String
    public var metadata: JSONValue?

    public init(runID: String, episodeID: String, metadata: JSONValue? = nil) {
        self.runID = runID
        self.episodeID = episodeID
        self.metadata = metadata
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case episodeID = "episode_id"
        case metadata
    }

    public struct Result: Codable, Sendable {
        public var episodeID: String
        public var steps: Int
        public var totalReward: Double
        public var terminated: Bool
        public var truncated: Bool

        public init(episodeID: String, steps: Int, totalReward: Double, terminated: Bool, truncated: Bool) {
            self.episodeID = episodeID
            self.steps = steps
            self.totalReward = totalReward
            self.terminated = terminated
            self.truncated = truncated
        }

        private enum CodingKeys: String, CodingKey {
            case episodeID = "episode_id"
            case steps
            case totalReward = "total_reward"
            case terminated
            case truncated
        }
    }
}
