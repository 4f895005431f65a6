/// How often people said yes, by what the model's out-of-sample score was.
public struct LabelsCalibration: Method {
    public static let name = "labels.calibration"
    public static let effect = MethodEffect.read

    /// By default the first label.
    public var label: String?

    public init(label: String? = nil) { self.label = label }

    /// Images whose score lies in `from ..< to`; the last bin has its end, too.
    public struct Bin: Codable, Sendable, Equatable {
        public var from: Double
        public var to: Double
        public var count: Int
        public var yes: Int
        /// Nil without images.
        public var meanScore: Double?

        public init(from: Double, to: Double, count: Int, yes: Int, meanScore: Double?) {
            self.from = from
            self.to = to
            self.count = count
            self.yes = yes
            self.meanScore = meanScore
        }

        private enum CodingKeys: String, CodingKey {
            case from
            case to
            case count
            case yes
            case meanScore = "mean_score"
        }
    }

    public struct Result: Codable, Sendable {
        public var bins: [Bin]
        /// The score from which on "yes" has the largest F1; nil without scores of both kinds.
        public var threshold: Double?
        /// Expected calibration error: |share of yes − mean score| over the bins, weighted by their counts.
        public var error: Double?

        public init(bins: [Bin], threshold: Double?, error: Double?) {
            self.bins = bins
            self.threshold = threshold
            self.error = error
        }
    }
}
