/// Lists the snapshots, the latest first.
public struct SnapshotsList: Method {
    public static let name = "snapshots.list"
    public static let effect = MethodEffect.read

    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    public struct Result: Codable, Sendable {
        public var snapshots: [Snapshot]
        public var cursor: String?

        public init(snapshots: [Snapshot], cursor: String?) {
            self.snapshots = snapshots
            self.cursor = cursor
        }
    }
}
