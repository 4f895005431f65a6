/// Freezes the train and val set as it is: which images, on which side, with which labels. The same state gives the same
/// snapshot.
public struct SnapshotsCreate: Method {
    public static let name = "snapshots.create"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    /// What it is for; that of the first request for a state is kept.
    public var note: String?

    public init(note: String? = nil) { self.note = note }

    public typealias Result = Snapshot
}

/// A frozen train and val set.
public struct Snapshot: Codable, Sendable, Equatable {
    /// SHA-256 of the manifest, in hex.
    public var snapshotID: String
    public var train: Int
    public var val: Int
    /// UNIX seconds.
    public var createdAt: Double
    public var note: String?

    public init(snapshotID: String, train: Int, val: Int, createdAt: Double, note: String?) {
        self.snapshotID = snapshotID
        self.train = train
        self.val = val
        self.createdAt = createdAt
        self.note = note
    }

    private enum CodingKeys: String, CodingKey {
        case snapshotID = "snapshot_id"
        case train
        case val
        case createdAt = "created_at"
        case note
    }
}
