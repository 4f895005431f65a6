/// Lists images of which annotators say different things, until somebody sets what counts.
public struct LabelsDisagreements: Method {
    public static let name = "labels.disagreements"
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

    /// What one annotator says.
    public struct Opinion: Codable, Sendable, Equatable {
        public var annotator: String
        public var value: Int
        /// UNIX seconds.
        public var at: Double

        public init(annotator: String, value: Int, at: Double) {
            self.annotator = annotator
            self.value = value
            self.at = at
        }
    }

    /// An image that is in dispute.
    public struct Disagreement: Codable, Sendable {
        public var image: LabelImage
        /// The label that counts for now.
        public var label: Int?
        public var opinions: [Opinion]

        public init(image: LabelImage, label: Int?, opinions: [Opinion]) {
            self.image = image
            self.label = label
            self.opinions = opinions
        }
    }

    public struct Result: Codable, Sendable {
        public var disagreements: [Disagreement]
        public var cursor: String?

        public init(disagreements: [Disagreement], cursor: String?) {
            self.disagreements = disagreements
            self.cursor = cursor
        }
    }
}
