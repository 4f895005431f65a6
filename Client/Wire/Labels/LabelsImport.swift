/// Labels of many images by name, as columns: images that are not there yet are registered, those that are get their
/// labels set. Held-out images get none.
public struct LabelsImport: Method {
    public static let name = "labels.import"
    public static let effect = MethodEffect.write
    public static let role: Role? = .label
    /// The most rows of one request.
    public static let mostRows = 20_000

    public var filenames: [String]
    /// As long as `filenames`, or nil; used of new images only.
    public var studyIDs: [String?]?
    /// As long as `filenames`, or nil; used of new images only.
    public var frameNumbers: [Int64?]?
    /// Label to a column as long as `filenames`, of 0, 1 and nil; nil leaves a label as it is.
    public var labels: [String: [Int?]]
    public var annotator: String?

    public init(
        filenames: [String],
        studyIDs: [String?]? = nil,
        frameNumbers: [Int64?]? = nil,
        labels: [String: [Int?]],
        annotator: String? = nil
    ) {
        self.filenames = filenames
        self.studyIDs = studyIDs
        self.frameNumbers = frameNumbers
        self.labels = labels
        self.annotator = annotator
    }

    private enum CodingKeys: String, CodingKey {
        case filenames
        case studyIDs = "study_ids"
        case frameNumbers = "frame_numbers"
        case labels
        case annotator
    }

    public struct Result: Codable, Sendable {
        /// How many images are new.
        public var inserted: Int
        /// How many images' labels changed.
        public var labeled: Int
        /// How many had these labels already.
        public var unchanged: Int
        /// How many are held out and got no label.
        public var heldOut: Int
        public var rejected: [RejectedRow]

        public init(
            inserted: Int = 0,
            labeled: Int = 0,
            unchanged: Int = 0,
            heldOut: Int = 0,
            rejected: [RejectedRow] = []
        ) {
            self.inserted = inserted
            self.labeled = labeled
            self.unchanged = unchanged
            self.heldOut = heldOut
            self.rejected = rejected
        }

        private enum CodingKeys: String, CodingKey {
            case inserted
            case labeled
            case unchanged
            case heldOut = "held_out"
            case rejected
        }
    }
}

extension LabelsImport: JSONWritable {
    public func write(to json: inout JSONWriter) throws {
        try json.object { json in
            try json.memberIfPresent("annotator", encoding: annotator)
            json.member("filenames", filenames)
            if let frameNumbers { json.member("frame_numbers", frameNumbers) }
            json.member("labels", labels)
            if let studyIDs { json.member("study_ids", studyIDs) }
        }
    }
}
