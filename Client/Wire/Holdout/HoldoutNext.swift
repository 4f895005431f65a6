/// Picks held-out images to label, at random and blind, and leases them to the annotator; without the lease
/// `labels.set` refuses them.
public struct HoldoutNext: Method {
    public static let name = "holdout.next"
    public static let effect = MethodEffect.write
    public static let role: Role? = .holdout
    public var auditNote: String? { "\(limit ?? 1) images to \(annotator ?? "nobody who gave a name")" }

    /// At most this many (default 1, at most 1 000).
    public var limit: Int?
    /// The label that must be missing; by default all are.
    public var label: String?
    public var annotator: String?

    public init(limit: Int? = nil, label: String? = nil, annotator: String? = nil) {
        self.limit = limit
        self.label = label
        self.annotator = annotator
    }

    public struct Result: Codable, Sendable {
        public var images: [HoldoutImage]

        public init(images: [HoldoutImage]) { self.images = images }
    }
}

/// A held-out image: no name that could tell, no label, no prediction.
public struct HoldoutImage: Codable, Sendable, Equatable {
    public var id: Int64
    /// The path of its picture on the HTTP door; nil without pixels.
    public var thumbnail: String?

    public init(id: Int64, thumbnail: String?) {
        self.id = id
        self.thumbnail = thumbnail
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case thumbnail
    }

    /// Encodes what is nil as null, so that every member is always there.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(thumbnail, forKey: .thumbnail)
    }
}
