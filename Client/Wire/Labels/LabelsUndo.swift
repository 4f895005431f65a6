/// Takes back the annotator's last labeling, or the last one of an image.
public struct LabelsUndo: Method {
    public static let name = "labels.undo"
    public static let effect = MethodEffect.write
    public static let role: Role? = .label

    public var annotator: String?
    public var id: Int64?
    public var eventID: String?

    public init(annotator: String? = nil, id: Int64? = nil, eventID: String? = nil) {
        self.annotator = annotator
        self.id = id
        self.eventID = eventID
    }

    private enum CodingKeys: String, CodingKey {
        case annotator
        case id
        case eventID = "event_id"
    }

    public struct Result: Codable, Sendable {
        public var id: Int64
        /// The labels as they are now.
        public var labels: [String: Int?]
        /// Those that the event had changed.
        public var changed: [String]

        public init(id: Int64, labels: [String: Int?], changed: [String]) {
            self.id = id
            self.labels = labels
            self.changed = changed
        }
    }
}
