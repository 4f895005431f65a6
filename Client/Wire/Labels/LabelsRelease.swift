/// Gives back images that `labels.next` or `holdout.next` leased to an annotator, so that others may get them at once.
public struct LabelsRelease: Method {
    public static let name = "labels.release"
    public static let effect = MethodEffect.write
    public static let role: Role? = .label

    public var annotator: String?
    /// What the images were leased to, where that was not the annotator.
    public var session: String?
    /// By default all.
    public var ids: [Int64]?

    public init(annotator: String? = nil, session: String? = nil, ids: [Int64]? = nil) {
        self.annotator = annotator
        self.session = session
        self.ids = ids
    }

    public struct Result: Codable, Sendable {
        public var released: Int

        public init(released: Int) { self.released = released }
    }
}
