/// Counts of images and labels.
public struct LabelsStats: Method {
    public static let name = "labels.stats"
    public static let effect = MethodEffect.read

    public init() {}

    public struct Result: Codable, Sendable, Equatable {
        public var total: Int
        /// Images with every label set.
        public var fullyLabeled: Int
        public var labels: [String: Label]
        public var splits: Splits

        public init(total: Int, fullyLabeled: Int, labels: [String: Label], splits: Splits) {
            self.total = total
            self.fullyLabeled = fullyLabeled
            self.labels = labels
            self.splits = splits
        }

        private enum CodingKeys: String, CodingKey {
            case total
            case fullyLabeled = "fully_labeled"
            case labels
            case splits
        }
    }

    /// One label's counts.
    public struct Label: Codable, Sendable, Equatable {
        public var labeled: Int
        public var yes: Int

        public init(labeled: Int, yes: Int) {
            self.labeled = labeled
            self.yes = yes
        }
    }

    /// Images per split.
    public struct Splits: Codable, Sendable, Equatable {
        public var train: Int
        public var val: Int
        public var test: Int
        /// Not test and not labeled yet.
        public var none: Int

        public init(train: Int, val: Int, test: Int, none: Int) {
            self.train = train
            self.val = val
            self.test = test
            self.none = none
        }
    }
}
