/// Registers images to label; a filename that exists already is skipped and counted.
public struct ImagesInsert: Method {
    public static let name = "images.insert"
    public static let effect = MethodEffect.ingest

    public var images: [Image]

    public init(images: [Image]) { self.images = images }

    /// An image: its name, and at most one of its pixels and a reference to them.
    public struct Image: Codable, Sendable {
        public var filename: String
        public var studyID: String?
        public var frameNumber: Int64?
        public var thumbnailPath: String?
        public var image: ArrayValue?
        public var frameRef: String?

        public init(
            filename: String,
            studyID: String? = nil,
            frameNumber: Int64? = nil,
            thumbnailPath: String? = nil,
            image: ArrayValue? = nil,
            frameRef: String? = nil
        ) {
            self.filename = filename
            self.studyID = studyID
            self.frameNumber = frameNumber
            self.thumbnailPath = thumbnailPath
            self.image = image
            self.frameRef = frameRef
        }

        private enum CodingKeys: String, CodingKey {
            case filename
            case studyID = "study_id"
            case frameNumber = "frame_number"
            case thumbnailPath = "thumbnail_path"
            case image
            case frameRef = "frame_ref"
        }
    }

    public struct Result: Codable, Sendable {
        public var inserted: Int
        public var duplicates: [String]
        /// The id of each image, in order; a duplicate's is that of the first.
        public var ids: [Int64]

        public init(inserted: Int, duplicates: [String], ids: [Int64]) {
            self.inserted = inserted
            self.duplicates = duplicates
            self.ids = ids
        }
    }
}
