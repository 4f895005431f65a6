/// Picks the next images to label (active learning) and leases them to the annotator.
public struct LabelsNext: Method {
    public static let name = "labels.next"
    public static let effect = MethodEffect.read
    public static let role: Role? = .label

    /// At most this many (default 1, at most 1 000).
    public var limit: Int?
    /// The label whose confidence steers and that must be missing; by default the first label steers and all are missing.
    public var label: String?
    /// `mixed` (the default), `uncertain`, `random`, `hunt`, `surprise`, `diverse`, `balanced` or `double`.
    public var strategy: String?
    /// The share of uniformly random picks (default 0.10).
    public var explorationRate: Double?
    /// With it, the same state of the database gives the same answer.
    public var seed: Int64?
    public var annotator: String?
    /// What the images are leased to, such as a browser's tab; by default the annotator.
    public var session: String?
    /// Images that are not wanted, such as those that the caller holds already (at most 10 000).
    public var exclude: [Int64]?

    public init(
        limit: Int? = nil,
        label: String? = nil,
        strategy: String? = nil,
        explorationRate: Double? = nil,
        seed: Int64? = nil,
        annotator: String? = nil,
        session: String? = nil,
        exclude: [Int64]? = nil
    ) {
        self.limit = limit
        self.label = label
        self.strategy = strategy
        self.explorationRate = explorationRate
        self.seed = seed
        self.annotator = annotator
        self.session = session
        self.exclude = exclude
    }

    private enum CodingKeys: String, CodingKey {
        case limit
        case label
        case strategy
        case explorationRate = "exploration_rate"
        case seed
        case annotator
        case session
        case exclude
    }

    public struct Result: Codable, Sendable {
        public var images: [LabelImage]

        public init(images: [LabelImage]) { self.images = images }
    }
}

/// An image to label.
public struct LabelImage: Codable, Sendable, Equatable {
    public var id: Int64
    public var filename: String
    public var studyID: String?
    public var frameNumber: Int64?
    public var frameRef: String?
    /// The path of its thumbnail on the HTTP door; nil without pixels.
    public var thumbnail: String?
    /// True when the image has the label already and a second opinion is asked for, to be given with `opinion: true`.
    public var opinion: Bool?

    public init(
        id: Int64,
        filename: String,
        studyID: String?,
        frameNumber: Int64?,
        frameRef: String?,
        thumbnail: String?,
        opinion: Bool? = nil
    ) {
        self.id = id
        self.filename = filename
        self.studyID = studyID
        self.frameNumber = frameNumber
        self.frameRef = frameRef
        self.thumbnail = thumbnail
        self.opinion = opinion
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case filename
        case studyID = "study_id"
        case frameNumber = "frame_number"
        case frameRef = "frame_ref"
        case thumbnail
        case opinion
    }

    /// Encodes what is nil as null, so that every member is always there, but for `opinion`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(filename, forKey: .filename)
        try container.encode(studyID, forKey: .studyID)
        try container.encode(frameNumber, forKey: .frameNumber)
        try container.encode(frameRef, forKey: .frameRef)
        try container.encode(thumbnail, forKey: .thumbnail)
        try container.encodeIfPresent(opinion, forKey: .opinion)
    }
}
