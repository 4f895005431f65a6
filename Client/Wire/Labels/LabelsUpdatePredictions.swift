/// Writes a model's confidences for images that have no label and are not held out; others are skipped and counted.
///
/// For many images `ids` and `confidences` take the place of `predictions`: one array each, element by element.
public struct LabelsUpdatePredictions: Method {
    public static let name = "labels.update_predictions"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var predictions: [Prediction]?
    /// int64 (N)
    public var ids: ArrayValue?
    /// Label to float32 or float64 (N), each 0 … 1.
    public var confidences: [String: ArrayValue]?

    public init(_ predictions: [Prediction]) { self.predictions = predictions }

    public init(ids: ArrayValue, confidences: [String: ArrayValue]) {
        self.ids = ids
        self.confidences = confidences
    }

    /// What a model says of an image.
    public struct Prediction: Codable, Sendable {
        public var id: Int64
        /// Label to 0 … 1: how sure the model is of "yes".
        public var confidence: [String: Double]

        public init(id: Int64, confidence: [String: Double]) {
            self.id = id
            self.confidence = confidence
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public var updated: Int
        public var skippedLabeled: Int
        public var skippedHoldout: Int
        public var unknown: [Int64]

        public init(updated: Int, skippedLabeled: Int, skippedHoldout: Int, unknown: [Int64]) {
            self.updated = updated
            self.skippedLabeled = skippedLabeled
            self.skippedHoldout = skippedHoldout
            self.unknown = unknown
        }

        private enum CodingKeys: String, CodingKey {
            case updated
            case skippedLabeled = "skipped_labeled"
            case skippedHoldout = "skipped_holdout"
            case unknown
        }
    }
}
