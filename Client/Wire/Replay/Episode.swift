/// An episode's roll-up; while it runs, of what has come so far. Times are UNIX seconds.
public struct Episode: Codable, Sendable, Equatable {
    public var episodeID: String
    public var runID: String
    public var steps: Int
    public var totalReward: Double
    public var terminated: Bool
    public var truncated: Bool
    /// Whether `episodes.finish` was called.
    public var finished: Bool
    public var startedAt: Double
    public var agentID: String?
    public var workerID: String?
    public var metadata: JSONValue?

    public init(
        episodeID: String,
        runID: String,
        steps: Int,
        totalReward: Double,
        terminated: Bool,
        truncated: Bool,
        finished: Bool,
        startedAt: Double,
        agentID: String?,
        workerID: String?,
        metadata: JSONValue?
    ) {
        self.episodeID = episodeID
        self.runID = runID
        self.steps = steps
        self.totalReward = totalReward
        self.terminated = terminated
        self.truncated = truncated
        self.finished = finished
        self.startedAt = startedAt
        self.agentID = agentID
        self.workerID = workerID
        self.metadata = metadata
    }

    private enum CodingKeys: String, CodingKey {
        case episodeID = "episode_id"
        case runID = "run_id"
        case steps
        case totalReward = "total_reward"
        case terminated
        case truncated
        case finished
        case startedAt = "started_at"
        case agentID = "agent_id"
        case workerID = "worker_id"
        case metadata
    }

    /// Encodes what is nil as null, so that every member is always there.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(episodeID, forKey: .episodeID)
        try container.encode(runID, forKey: .runID)
        try container.encode(steps, forKey: .steps)
        try container.encode(totalReward, forKey: .totalReward)
        try container.encode(terminated, forKey: .terminated)
        try container.encode(truncated, forKey: .truncated)
        try container.encode(finished, forKey: .finished)
        try container.encode(startedAt, forKey: .startedAt)
        try container.encode(agentID, forKey: .agentID)
        try container.encode(workerID, forKey: .workerID)
        try container.encode(metadata, forKey: .metadata)
    }
}
