/// Writes out-of-sample scores of labeled images: what a model says of images that it was not trained on, as from
/// cross-validation. They feed `labels.issues` and `labels.calibration` and change no label and no confidence.
public struct LabelsUpdateScores: Method {
    public static let name = "labels.update_scores"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var scores: [LabelsUpdatePredictions.Prediction]?
    /// int64 (N)
    public var ids: ArrayValue?
    /// Label to float32 or float64 (N), each 0 … 1.
    public var confidences: [String: ArrayValue]?

    public init(_ scores: [LabelsUpdatePredictions.Prediction]) { self.scores = scores }

    public init(ids: ArrayValue, confidences: [String: ArrayValue]) {
        self.ids = ids
        self.confidences = confidences
    }

    public struct Result: Codable, Sendable, Equatable {
        public var updated: Int
        /// Images that do not have the label.
        public var skippedUnlabeled: Int
        public var skippedHoldout: Int
        public var unknown: [Int64]

        public init(updated: Int, skippedUnlabeled: Int, skippedHoldout: Int, unknown: [Int64]) {
            self.updated = updated
            self.skippedUnlabeled = skippedUnlabeled
            self.skippedHoldout = skippedHoldout
            self.unknown = unknown
        }

        private enum CodingKeys: String, CodingKey {
            case updated
            case skippedUnlabeled = "skipped_unlabeled"
            case skippedHoldout = "skipped_holdout"
            case unknown
        }
    }
}
