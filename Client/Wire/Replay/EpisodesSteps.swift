/// The steps of an episode by index, or of a run in the order of arrival, with or without their arrays.
public struct EpisodesSteps: Method, ReturnsArrays {
    public static let name = "episodes.steps"
    public static let effect = MethodEffect.read

    /// The arrays that can be asked for.
    public enum Column: String, Choice {
        case frame
        case observation
        case action
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
        /// (n, …): the observations of the steps that have one, in their order; of dict observations an array for each
        /// name, with the steps that have that name.
        public var observation: Observation?
        /// (n, …): the actions of all the steps, 0 where a step had none; nil where the run has no actions.
        public var action: ArrayValue?
        /// For names that only some of the steps with an `obs_ref` have: which of those, counted from 0.
        public var observationRows: [String: [Int]]?
        public var cursor: String?

        public init(steps: [StoredStep], frame: ArrayValue?, observation: Observation?, cursor: String?) {
            self.steps = steps
            self.frame = frame
            self.observation = observation
            self.cursor = cursor
        }

        private enum CodingKeys: String, CodingKey {
            case steps
            case action
            case frame
            case observation
            case observationRows = "observation_rows"
            case cursor
        }
    }
}
