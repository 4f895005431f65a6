/// One image with what is said of it. Of a held-out image only what identifies it is told.
public struct LabelsGet: Method {
    public static let name = "labels.get"
    public static let effect = MethodEffect.read

    public var id: Int64

    public init(id: Int64) { self.id = id }

    public struct Result: Codable, Sendable {
        public var image: LabelImage
        public var isHoldout: Bool
        /// Label to 0, 1 or nil; nil for a held-out image.
        public var labels: [String: Int?]?
        public var outcome: LabelsSet.Outcome?
        /// UNIX seconds.
        public var labeledAt: Double?

        public init(
            image: LabelImage,
            isHoldout: Bool,
            labels: [String: Int?]?,
            outcome: LabelsSet.Outcome?,
            labeledAt: Double?
        ) {
            self.image = image
            self.isHoldout = isHoldout
            self.labels = labels
            self.outcome = outcome
            self.labeledAt = labeledAt
        }

        private enum CodingKeys: String, CodingKey {
            case image
            case isHoldout = "is_holdout"
            case labels
            case outcome
            case labeledAt = "labeled_at"
        }
    }
}
