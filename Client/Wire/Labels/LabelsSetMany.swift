/// Sets the labels of several images at once, in one commit; an entry that is refused does not take others along.
public struct LabelsSetMany: Method {
    public static let name = "labels.set_many"
    public static let effect = MethodEffect.write
    public static let role: Role? = .label
    /// The most entries of one request.
    public static let mostSets = 10_000

    public var sets: [LabelsSet]
    /// Of the entries that name none.
    public var annotator: String?

    public init(_ sets: [LabelsSet], annotator: String? = nil) {
        self.sets = sets
        self.annotator = annotator
    }

    public struct Result: Codable, Sendable {
        /// The answers of the entries that were applied, in order.
        public var images: [LabelsSet.Result]
        public var rejected: [RejectedRow]

        public init(images: [LabelsSet.Result], rejected: [RejectedRow]) {
            self.images = images
            self.rejected = rejected
        }
    }
}
