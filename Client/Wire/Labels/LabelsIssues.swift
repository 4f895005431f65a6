/// Lists labels that are likely wrong, the likeliest first, by what out-of-sample scores say of them.
public struct LabelsIssues: Method {
    public static let name = "labels.issues"
    public static let effect = MethodEffect.read

    /// By default the first label.
    public var label: String?
    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(label: String? = nil, limit: Int? = nil, cursor: String? = nil) {
        self.label = label
        self.limit = limit
        self.cursor = cursor
    }

    /// A label that is likely wrong.
    public struct Issue: Codable, Sendable {
        public var image: LabelImage
        /// The label that a person gave.
        public var given: Int
        /// How sure the model is of "yes".
        public var score: Double
        /// How sure the model is of what was given: 0 … 1.
        public var selfConfidence: Double

        public init(image: LabelImage, given: Int, score: Double, selfConfidence: Double) {
            self.image = image
            self.given = given
            self.score = score
            self.selfConfidence = selfConfidence
        }

        private enum CodingKeys: String, CodingKey {
            case image
            case given
            case score
            case selfConfidence = "self_confidence"
        }
    }

    public struct Result: Codable, Sendable {
        public var issues: [Issue]
        public var cursor: String?

        public init(issues: [Issue], cursor: String?) {
            self.issues = issues
            self.cursor = cursor
        }
    }
}
