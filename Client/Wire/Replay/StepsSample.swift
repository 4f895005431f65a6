/// Draws a random training batch: each step of the runs with the same probability.
public struct StepsSample: Method, ReturnsArrays {
    public static let name = "steps.sample"
    public static let effect = MethodEffect.read

    /// By default all runs.
    public var runIDs: [String]?
    /// By default all episodes of the runs.
    public var episodeIDs: [String]?
    /// Only from episodes with at least this total reward.
    public var minTotalReward: Double?
    /// Only from episodes with at most this total reward.
    public var maxTotalReward: Double?
    /// How many steps, or sequences of them: 1 to 10 000.
    public var n: Int
    /// The same seed draws the same steps from the same data.
    public var seed: Int64?
    /// Whether a step may come twice (default true).
    public var replacement: Bool?
    /// Draws as many consecutive steps of one episode for each of the n, for recurrent models.
    public var sequenceLength: Int?
    /// The arrays to return; steps without the frame or the observation that is asked for are not drawn.
    public var arrays: [EpisodesSteps.Column]?
    public var arrayEncoding: ArrayEncoding?

    public init(
        n: Int,
        runIDs: [String]? = nil,
        episodeIDs: [String]? = nil,
        minTotalReward: Double? = nil,
        maxTotalReward: Double? = nil,
        seed: Int64? = nil,
        replacement: Bool? = nil,
        sequenceLength: Int? = nil,
        arrays: [EpisodesSteps.Column]? = nil
    ) {
        self.n = n
        self.runIDs = runIDs
        self.episodeIDs = episodeIDs
        self.minTotalReward = minTotalReward
        self.maxTotalReward = maxTotalReward
        self.seed = seed
        self.replacement = replacement
        self.sequenceLength = sequenceLength
        self.arrays = arrays
    }

    private enum CodingKeys: String, CodingKey {
        case runIDs = "run_ids"
        case episodeIDs = "episode_ids"
        case minTotalReward = "min_total_reward"
        case maxTotalReward = "max_total_reward"
        case n
        case seed
        case replacement
        case sequenceLength = "sequence_length"
        case arrays
        case arrayEncoding = "array_encoding"
    }

    public struct Result: Codable, Sendable {
        /// The steps as drawn; of sequences, one behind the other.
        public var steps: [StoredStep]
        /// (n, …), of sequences (n, length, …)
        public var frame: ArrayValue?
        /// (n, …), of sequences (n, length, …); of dict observations an array for each name.
        public var observation: Observation?
        /// (n, …), of sequences (n, length, …): 0 where a step had none; nil where the runs have no actions.
        public var action: ArrayValue?
        /// Of dict observations, for names that only some steps have: which of them, counted from 0. Such an array is (m, …)
        /// also for sequences.
        public var observationRows: [String: [Int]]?

        public init(steps: [StoredStep]) { self.steps = steps }

        private enum CodingKeys: String, CodingKey {
            case steps
            case action
            case frame
            case observation
            case observationRows = "observation_rows"
        }
    }
}
