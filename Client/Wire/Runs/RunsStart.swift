/// Starts a run, or resumes one that exists.
public struct RunsStart: Method {
    public static let name = "runs.start"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var runID: String
    /// The run's settings; given again, they replace the earlier ones.
    public var config: JSONValue?
    public var tags: [String]?
    public var agentID: String?
    public var workerID: String?
    /// `lzf` (default), `gzip-1` … `gzip-9` or `none`; fixed when the run is first started.
    public var compression: String?

    public init(
        runID: String,
        config: JSONValue? = nil,
        tags: [String]? = nil,
        agentID: String? = nil,
        workerID: String? = nil,
        compression: String? = nil
    ) {
        self.runID = runID
        self.config = config
        self.tags = tags
        self.agentID = agentID
        self.workerID = workerID
        self.compression = compression
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case config
        case tags
        case agentID = "agent_id"
        case workerID = "worker_id"
        case compression
    }

    public struct Result: Codable, Sendable {
        public var runID: String
        /// Whether the run existed already.
        public var resumed: Bool

        public init(runID: String, resumed: Bool) {
            self.runID = runID
            self.resumed = resumed
        }

        private enum CodingKeys: String, CodingKey {
            case runID = "run_id"
            case resumed
        }
    }
}
