/// Lists the labeled images to train and to validate on, in the order in which they came; never a held-out one.
public struct LabelsTrainVal: Method {
    public static let name = "labels.train_val"
    public static let effect = MethodEffect.read

    /// At most this many of both together (default 1 000, at most 10 000).
    public var limit: Int?
    public var cursor: String?

    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    public struct Result: Codable, Sendable {
        /// The columns of the table `labels` by name; times are UNIX seconds.
        public var train: [[String: JSONValue]]
        public var val: [[String: JSONValue]]
        public var cursor: String?

        public init(train: [[String: JSONValue]], val: [[String: JSONValue]], cursor: String?) {
            self.train = train
            self.val = val
            self.cursor = cursor
        }
    }
}
