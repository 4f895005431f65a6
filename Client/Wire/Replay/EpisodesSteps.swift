/// The steps of an episode by index, or of a run in the order of arrival, with or without their arrays.
public struct EpisodesSteps: Method, ReturnsArrays {
    public static let name = "episodes.steps"
    public static let effect = MethodEffect.read

    /// The arrays that can be asked for.
    public enum Column: String, Codable, Sendable {
        case frame
        case observation
    }

    /// Exactly one of `episodeID` and `runID` is set.
    public var episodeID: String?
    public var runID: String?
    /// `from ≤ step_index < to`
    public var from: Int64?
    public var to: Int64?
    /// At most this many (default 1 000, at most 10 000).
    public var limit: Int?
    public var cursor: String?
    public var arrays: [Column]?
    public var arrayEncoding: ArrayEncoding?

    public init(
        episodeID: String? = nil,
        runID: String? = nil,
        from: Int64? = nil,
        to: Int64? = nil,
        limit: Int? = nil,
        cursor: String? = nil,
        arrays: [Column]? = nil
    ) {
        self.episodeID = episodeID
        self.runID = runID
        self.from = from
        self.to = to
        self.limit = limit
        self.cursor = cursor
        self.arrays = arrays
    }

    private enum CodingKeys: String, CodingKey {
        case episodeID = "episode_id"
        case runID = "run_id"
        case from
        case to
        case limit
        case cursor
        case arrays
        case arrayEncoding = "array_encoding"
    }

    public struct Result: Codable, Sendable {
        public var steps: [StoredStep]
        /// (n, …): the frames of the steps that have one, in their order.
        public var frame: ArrayValue?
        /// (n, …), or several by name.
        public var observation: Observation?
        public var cursor: String?

        public init(steps: [StoredStep], frame: ArrayValue?, observation: Observation?, cursor: String?) {
            self.steps = steps
            self.frame = frame
            self.observation = observation
            self.cursor = cursor
        }
    }
}
