/// A snapshot and its images, page by page.
public struct SnapshotsGet: Method {
    public static let name = "snapshots.get"
    public static let effect = MethodEffect.read

    public var snapshotID: String
    /// At most this many images (default 1 000, at most 10 000).
    public var limit: Int?
    public var cursor: String?

    public init(snapshotID: String, limit: Int? = nil, cursor: String? = nil) {
        self.snapshotID = snapshotID
        self.limit = limit
        self.cursor = cursor
    }

    private enum CodingKeys: String, CodingKey {
        case snapshotID = "snapshot_id"
        case limit
        case cursor
    }

    /// An image as it was when the snapshot was made.
    public struct Image: Codable, Sendable, Equatable {
        public var id: Int64
        public var filename: String
        public var split: String
        public var labels: [String: Int]

        public init(id: Int64, filename: String, split: String, labels: [String: Int]) {
            self.id = id
            self.filename = filename
            self.split = split
            self.labels = labels
        }
    }

    public struct Result: Codable, Sendable {
        public var snapshot: Snapshot
        public var images: [Image]
        public var cursor: String?

        public init(snapshot: Snapshot, images: [Image], cursor: String?) {
            self.snapshot = snapshot
            self.images = images
            self.cursor = cursor
        }
    }
}
