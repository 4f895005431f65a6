/// Measures a model on the held-out images without telling their labels. Each look is written to the ledger.
public struct HoldoutEvaluate: Method {
    public static let name = "holdout.evaluate"
    public static let effect = MethodEffect.write
    public static let role: Role? = .holdout

    public var label: String
    /// One for each labeled held-out image; those of held-out images without the label are not used.
    public var predictions: [Prediction]
    /// From this confidence on a prediction is "yes" (default 0.5).
    public var threshold: Double?
    /// Why the model is measured; kept in the ledger.
    public var reason: String

    public var auditNote: String? { "label \(label): \(reason)" }

    public init(label: String, predictions: [Prediction], threshold: Double? = nil, reason: String) {
        self.label = label
        self.predictions = predictions
        self.threshold = threshold
        self.reason = reason
    }

    /// How sure a model is of "yes".
    public struct Prediction: Codable, Sendable {
        public var id: Int64
        /// 0 … 1
        public var confidence: Double

        public init(id: Int64, confidence: Double) {
            self.id = id
            self.confidence = confidence
        }
    }

    /// The ends of a 95 % confidence interval.
    public struct Interval: Codable, Sendable, Equatable {
        public var from: Double
        public var to: Double

        public init(from: Double, to: Double) {
            self.from = from
            self.to = to
        }
    }

    /// What one look at the held-out images tells.
    public struct Result: Codable, Sendable, Equatable {
        public var n: Int
        /// Of the labels that are 1.
        public var positives: Int
        public var accuracy: Double
        /// Nil where nothing was predicted "yes".
        public var precision: Double?
        /// Nil where nothing is labeled "yes".
        public var recall: Double?
        public var f1: Double?
        /// Area under the ROC curve; nil unless both labels occur.
        public var auc: Double?
        /// By the bootstrap over studies, percentiles 2.5 and 97.5; of what could be computed.
        public var intervals: [String: Interval]
        /// 1 for the first look ever at this data directory's hold-out, counted up.
        public var look: Int

        public init(
            n: Int,
            positives: Int,
            accuracy: Double,
            precision: Double?,
            recall: Double?,
            f1: Double?,
            auc: Double?,
            intervals: [String: Interval],
            look: Int
        ) {
            self.n = n
            self.positives = positives
            self.accuracy = accuracy
            self.precision = precision
            self.recall = recall
            self.f1 = f1
            self.auc = auc
            self.intervals = intervals
            self.look = look
        }

        private enum CodingKeys: String, CodingKey {
            case n
            case positives
            case accuracy
            case precision
            case recall
            case f1
            case auc
            case intervals
            case look
        }

        /// Encodes what is nil as null, so that every member is always there.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(n, forKey: .n)
            try container.encode(positives, forKey: .positives)
            try container.encode(accuracy, forKey: .accuracy)
            try container.encode(precision, forKey: .precision)
            try container.encode(recall, forKey: .recall)
            try container.encode(f1, forKey: .f1)
            try container.encode(auc, forKey: .auc)
            try container.encode(intervals, forKey: .intervals)
            try container.encode(look, forKey: .look)
        }
    }
}
