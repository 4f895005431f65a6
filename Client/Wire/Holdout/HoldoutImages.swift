/// Lists all held-out images, so that a model can be run on them; their labels are never told.
public struct HoldoutImages: Method {
    public static let name = "holdout.images"
    public static let effect = MethodEffect.read
    public static let role: Role? = .holdout

    /// At most this many (default 1 000, at most 10 000).
    public var limit: Int?
    public var cursor: String?

    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    public struct Result: Codable, Sendable {
        public var images: [HoldoutImage]
        public var cursor: String?

        public init(images: [HoldoutImage], cursor: String?) {
            self.images = images
            self.cursor = cursor
        }
    }
}
