/// Appends steps to a run: row-wise (`steps`) or columnar (`count` and `columns`).
public struct StepsAppend: Method {
    public static let name = "steps.append"
    public static let effect = MethodEffect.ingest

    public var runID: String
    public var steps: [Step]?
    public var count: Int?
    public var columns: Columns?

    public init(runID: String, steps: [Step]) {
        self.runID = runID
        self.steps = steps
    }

    public init(runID: String, count: Int, columns: Columns) {
        self.runID = runID
        self.count = count
        self.columns = columns
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case steps
        case count
        case columns
    }

    /// One step; times are UNIX seconds.
    public struct Step: Codable, Sendable {
        public var episodeID: String
        public var stepIndex: Int64
        public var action: Action?
        public var reward: Double
        public var terminated: Bool
        public var truncated: Bool
        /// When it happened; the server's time of receipt if absent.
        public var timestamp: Double?
        public var frame: ArrayValue?
        public var observation: Observation?
        public var info: JSONValue?
        public var agentID: String?
        public var workerID: String?

        public init(
            episodeID: String,
            stepIndex: Int64,
            action: Action? = nil,
            reward: Double,
            terminated: Bool = false,
            truncated: Bool = false,
            timestamp: Double? = nil,
            frame: ArrayValue? = nil,
            observation: Observation? = nil,
            info: JSONValue? = nil,
            agentID: String? = nil,
            workerID: String? = nil
        ) {
            self.episodeID = episodeID
            self.stepIndex = stepIndex
            self.action = action
            self.reward = reward
            self.terminated = terminated
            self.truncated = truncated
            self.timestamp = timestamp
            self.frame = frame
            self.observation = observation
            self.info = info
            self.agentID = agentID
            self.workerID = workerID
        }

        private enum CodingKeys: String, CodingKey {
            case episodeID = "episode_id"
            case stepIndex = "step_index"
            case action
            case reward
            case terminated
            case truncated
            case timestamp
            case frame
            case observation
            case info
            case agentID = "agent_id"
            case workerID = "worker_id"
        }
    }

    /// N steps as columns; M ≤ N of them have a frame, and as many or other ones an observation.
    public struct Columns: Codable, Sendable {
        public var episodeID: StringColumn
        /// `int64` (N)
        public var stepIndex: ArrayValue
        /// (N, …)
        public var action: ArrayValue?
        /// `float64` (N)
        public var reward: ArrayValue
        /// `bool` (N)
        public var terminated: ArrayValue
        /// `bool` (N)
        public var truncated: ArrayValue
        /// `float64` (N), UNIX seconds
        public var timestamp: ArrayValue?
        /// (M, …)
        public var frame: ArrayValue?
        /// `uint32` (M): which of the N steps have a frame, ascending; absent = all.
        public var frameRows: ArrayValue?
        /// (M, …)
        public var observation: Observation?
        /// `uint32` (M), as ``frameRows``
        public var observationRows: ArrayValue?
        /// JSON texts (N)
        public var info: StringColumn?
        public var agentID: StringColumn?
        public var workerID: StringColumn?

        public init(
            episodeID: StringColumn,
            stepIndex: ArrayValue,
            action: ArrayValue? = nil,
            reward: ArrayValue,
            terminated: ArrayValue,
            truncated: ArrayValue,
            timestamp: ArrayValue? = nil,
            frame: ArrayValue? = nil,
            frameRows: ArrayValue? = nil,
            observation: Observation? = nil,
            observationRows: ArrayValue? = nil,
            info: StringColumn? = nil,
            agentID: StringColumn? = nil,
            workerID: StringColumn? = nil
        ) {
            self.episodeID = episodeID
            self.stepIndex = stepIndex
            self.action = action
            self.reward = reward
            self.terminated = terminated
            self.truncated = truncated
            self.timestamp = timestamp
            self.frame = frame
            self.frameRows = frameRows
            self.observation = observation
            self.observationRows = observationRows
            self.info = info
            self.agentID = agentID
            self.workerID = workerID
        }

        private enum CodingKeys: String, CodingKey {
            case episodeID = "episode_id"
            case stepIndex = "step_index"
            case action
            case reward
            case terminated
            case truncated
            case timestamp
            case frame
            case frameRows = "frame_rows"
            case observation
            case observationRows = "observation_rows"
            case info
            case agentID = "agent_id"
            case workerID = "worker_id"
        }
    }

    public struct Result: Codable, Sendable {
        public var stored: Int
        /// Step k of the request is row `firstIndex + k` of the run's datasets.
        public var firstIndex: Int

        public init(stored: Int, firstIndex: Int) {
            self.stored = stored
            self.firstIndex = firstIndex
        }

        private enum CodingKeys: String, CodingKey {
            case stored
            case firstIndex = "first_index"
        }
    }
}
