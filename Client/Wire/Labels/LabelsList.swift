/// Lists images that are not held out, in the order in which they came.
public struct LabelsList: Method {
    public static let name = "labels.list"
    public static let effect = MethodEffect.read

    /// `train` or `val`
    public var split: String?
    public var studyID: String?
    /// Whether any label is set.
    public var labeled: Bool?
    /// Label to 0, 1 or nil (not set).
    public var filters: [String: Int?]?
    /// Label to a range of its confidence, both ends included; an image without a confidence is in none.
    public var confidence: [String: Range]?
    /// Images that this annotator has judged.
    public var annotator: String?
    public var outcome: LabelsSet.Outcome?
    /// A part of the filename.
    public var text: String?
    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(
        split: String? = nil,
        studyID: String? = nil,
        labeled: Bool? = nil,
        filters: [String: Int?]? = nil,
        confidence: [String: Range]? = nil,
        annotator: String? = nil,
        outcome: LabelsSet.Outcome? = nil,
        text: String? = nil,
        limit: Int? = nil,
        cursor: String? = nil
    ) {
        self.split = split
        self.studyID = studyID
        self.labeled = labeled
        self.filters = filters
        self.confidence = confidence
        self.annotator = annotator
        self.outcome = outcome
        self.text = text
        self.limit = limit
        self.cursor = cursor
    }

    private enum CodingKeys: String, CodingKey {
        case split
        case studyID = "study_id"
        case labeled
        case filters = "where"
        case confidence
        case annotator
        case outcome
        case text
        case limit
        case cursor
    }

    /// A range of confidences.
    public struct Range: Codable, Sendable {
        public var from: Double?
        public var to: Double?

        public init(from: Double? = nil, to: Double? = nil) {
            self.from = from
            self.to = to
        }
    }

    public struct Result: Codable, Sendable {
        /// The columns of the table `labels` by name; times are UNIX seconds.
        public var images: [[String: JSONValue]]
        public var cursor: String?

        public init(images: [[String: JSONValue]], cursor: String?) {
            self.images = images
            self.cursor = cursor
        }
    }
}
