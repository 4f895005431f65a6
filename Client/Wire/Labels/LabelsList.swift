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
        text: String? = nil,
        limit: Int? = nil,
        cursor: String? = nil
    ) {
        self.split = split
        self.studyID = studyID
        self.labeled = labeled
        self.filters = filters
        self.text = text
        self.limit = limit
        self.cursor = cursor
    }

    private enum CodingKeys: String, CodingKey {
        case split
        case studyID = "study_id"
        case labeled
        case filters = "where"
        case text
        case limit
        case cursor
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
