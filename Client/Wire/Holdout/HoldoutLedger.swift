/// Lists all looks at the held-out images, the latest first.
public struct HoldoutLedger: Method {
    public static let name = "holdout.ledger"
    public static let effect = MethodEffect.read

    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    /// One look.
    public struct Entry: Codable, Sendable {
        /// UNIX seconds.
        public var at: Double
        public var label: String
        public var reason: String
        public var threshold: Double
        /// Of the ids and confidences that were measured, in the order of the ids.
        public var predictionsSHA256: String
        public var result: HoldoutEvaluate.Result

        public init(
            at: Double,
            label: String,
            reason: String,
            threshold: Double,
            predictionsSHA256: String,
            result: HoldoutEvaluate.Result
        ) {
            self.at = at
            self.label = label
            self.reason = reason
            self.threshold = threshold
            self.predictionsSHA256 = predictionsSHA256
            self.result = result
        }

        private enum CodingKeys: String, CodingKey {
            case at
            case label
            case reason
            case threshold
            case predictionsSHA256 = "predictions_sha256"
            case result
        }
    }

    public struct Result: Codable, Sendable {
        public var looks: [Entry]
        /// How many looks are left; nil where they are not limited.
        public var remaining: Int?
        public var cursor: String?

        public init(looks: [Entry], remaining: Int?, cursor: String?) {
            self.looks = looks
            self.remaining = remaining
            self.cursor = cursor
        }
    }
}
