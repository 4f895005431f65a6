/// A run as the server knows it; times are UNIX seconds.
public struct Run: Codable, Sendable, Equatable {
    public var runID: String
    public var status: RunStatus
    public var config: JSONValue?
    public var tags: [String]
    public var agentID: String?
    public var workerID: String?
    public var compression: String
    public var startedAt: Double
    public var heartbeatAt: Double
    public var finishedAt: Double?
    public var steps: Int
    public var episodes: Int

    public init(
        runID: String,
        status: RunStatus,
        config: JSONValue?,
        tags: [String],
        agentID: String?,
        workerID: String?,
        compression: String,
        startedAt: Double,
        heartbeatAt: Double,
        finishedAt: Double?,
        steps: Int,
        episodes: Int
    ) {
        self.runID = runID
        self.status = status
        self.config = config
        self.tags = tags
        self.agentID = agentID
        self.workerID = workerID
        self.compression = compression
        self.startedAt = startedAt
        self.heartbeatAt = heartbeatAt
        self.finishedAt = finishedAt
        self.steps = steps
        self.episodes = episodes
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case status
        case config
        case tags
        case agentID = "agent_id"
        case workerID = "worker_id"
        case compression
        case startedAt = "started_at"
        case heartbeatAt = "heartbeat_at"
        case finishedAt = "finished_at"
        case steps
        case episodes
    }

    /// Encodes what is nil as null, so that every member is always there.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(runID, forKey: .runID)
        try container.encode(status, forKey: .status)
        try container.encode(config, forKey: .config)
        try container.encode(tags, forKey: .tags)
        try container.encode(agentID, forKey: .agentID)
        try container.encode(workerID, forKey: .workerID)
        try container.encode(compression, forKey: .compression)
        try container.encode(startedAt, forKey: .startedAt)
        try container.encode(heartbeatAt, forKey: .heartbeatAt)
        try container.encode(finishedAt, forKey: .finishedAt)
        try container.encode(steps, forKey: .steps)
        try container.encode(episodes, forKey: .episodes)
    }
}
