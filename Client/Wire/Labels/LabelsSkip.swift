/// Passes over an image: it is not offered again until it is labeled or the skip is undone.
public struct LabelsSkip: Method {
    public static let name = "labels.skip"
    public static let effect = MethodEffect.write
    public static let role: Role? = .label

    public var id: Int64
    public var annotator: String?
    public var eventID: String?

    public init(id: Int64, annotator: String? = nil, eventID: String? = nil) {
        self.id = id
        self.annotator = annotator
        self.eventID = eventID
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case annotator
        case eventID = "event_id"
    }

    public struct Result: Codable, Sendable {
        public var id: Int64

        public init(id: Int64) { self.id = id }
    }
}
