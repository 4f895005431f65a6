/// Sets or erases labels of an image.
public struct LabelsSet: Method {
    public static let name = "labels.set"
    public static let effect = MethodEffect.write
    public static let role: Role? = .label

    /// An image that can't be labeled yes or no.
    public enum Outcome: String, Choice {
        case unsure
        case unusable
    }

    public var id: Int64
    /// Label to 0, 1 or nil; nil erases.
    public var labels: [String: Int?]
    public var outcome: Outcome?
    public var annotator: String?
    /// A second opinion: it is kept beside the label that counts, and a difference is put into the queue of
    /// disagreements. The image's first label counts in any case.
    public var opinion: Bool?
    /// Seconds that the annotator looked at the image.
    public var timeSpent: Double?
    /// Chosen by the client: the same event is applied once.
    public var eventID: String?

    public init(
        id: Int64,
        labels: [String: Int?],
        outcome: Outcome? = nil,
        annotator: String? = nil,
        opinion: Bool? = nil,
        timeSpent: Double? = nil,
        eventID: String? = nil
    ) {
        self.id = id
        self.labels = labels
        self.outcome = outcome
        self.annotator = annotator
        self.opinion = opinion
        self.timeSpent = timeSpent
        self.eventID = eventID
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case labels
        case outcome
        case annotator
        case opinion
        case timeSpent = "time_spent"
        case eventID = "event_id"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Int64.self, forKey: .id)
        labels = [:]
        for (name, value) in try container.decode([String: JSONValue].self, forKey: .labels) {
            switch value {
            case .null: labels.updateValue(nil, forKey: name)
            case .integer(let number): labels.updateValue(Int(number), forKey: name)
            default:
                throw DecodingError.dataCorruptedError(
                    forKey: .labels,
                    in: container,
                    debugDescription: "\(name.prefix(100)) is not 0, 1 or null"
                )
            }
        }
        outcome = try container.decodeIfPresent(Outcome.self, forKey: .outcome)
        annotator = try container.decodeIfPresent(String.self, forKey: .annotator)
        opinion = try container.decodeIfPresent(Bool.self, forKey: .opinion)
        timeSpent = try container.decodeIfPresent(Double.self, forKey: .timeSpent)
        eventID = try container.decodeIfPresent(String.self, forKey: .eventID)
    }

    public struct Result: Codable, Sendable {
        public var id: Int64
        /// `train`, `val` or `test`; nil while no label has been set.
        public var split: String?
        /// UNIX seconds; nil when no label is set.
        public var labeledAt: Double?

        public init(id: Int64, split: String?, labeledAt: Double?) {
            self.id = id
            self.split = split
            self.labeledAt = labeledAt
        }

        private enum CodingKeys: String, CodingKey {
            case id
            case split
            case labeledAt = "labeled_at"
        }

        /// Encodes what is nil as null, so that every member is always there.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            try container.encode(split, forKey: .split)
            try container.encode(labeledAt, forKey: .labeledAt)
        }
    }
}
