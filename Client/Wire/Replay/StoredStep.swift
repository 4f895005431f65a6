/// A step as the server keeps it.
public struct StoredStep: Codable, Sendable, Equatable {
    public var episodeID: String
    public var runID: String?
    public var stepIndex: Int64
    /// Nil for float and vector actions, which are in the run's `actions` dataset: see ``EpisodesSteps/Column/action``.
    public var action: Int64?
    public var reward: Double
    public var terminated: Bool
    public var truncated: Bool
    /// UNIX seconds
    public var timestamp: Double
    public var frameRef: String?
    public var obsRef: String?
    public var info: JSONValue?
    public var agentID: String?
    public var workerID: String?

    public init(
        episodeID: String,
        runID: String?,
        stepIndex: Int64,
        action: Int64?,
        reward: Double,
        terminated: Bool,
        truncated: Bool,
        timestamp: Double,
        frameRef: String?,
        obsRef: String?,
        info: JSONValue?,
        agentID: String?,
        workerID: String?
    ) {
        self.episodeID = episodeID
        self.runID = runID
        self.stepIndex = stepIndex
        self.action = action
        self.reward = reward
        self.terminated = terminated
        self.truncated = truncated
        self.timestamp = timestamp
        self.frameRef = frameRef
        self.obsRef = obsRef
        self.info = info
        self.agentID = agentID
        self.workerID = workerID
    }

    private enum CodingKeys: String, CodingKey {
        case episodeID = "episode_id"
        case runID = "run_id"
        case stepIndex = "step_index"
        case action
        case reward
        case terminated
        case truncated
        case timestamp
        case frameRef = "frame_ref"
        case obsRef = "obs_ref"
        case info
        case agentID = "agent_id"
        case workerID = "worker_id"
    }

    /// Encodes what is nil as null, so that every member is always there.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(episodeID, forKey: .episodeID)
        try container.encode(runID, forKey: .runID)
        try container.encode(stepIndex, forKey: .stepIndex)
        try container.encode(action, forKey: .action)
        try container.encode(reward, forKey: .reward)
        try container.encode(terminated, forKey: .terminated)
        try container.encode(truncated, forKey: .truncated)
        try container.encode(timestamp, forKey: .timestamp)
        try container.encode(frameRef, forKey: .frameRef)
        try container.encode(obsRef, forKey: .obsRef)
        try container.encode(info, forKey: .info)
        try container.encode(agentID, forKey: .agentID)
        try container.encode(workerID, forKey: .workerID)
    }
}
