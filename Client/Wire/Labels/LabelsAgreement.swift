/// How well annotators agree, pair by pair, on the images that both have judged.
public struct LabelsAgreement: Method {
    public static let name = "labels.agreement"
    public static let effect = MethodEffect.read

    /// By default the first label.
    public var label: String?

    public init(label: String? = nil) { self.label = label }

    /// Two annotators and their common images.
    public struct Pair: Codable, Sendable, Equatable {
        public var annotators: [String]
        public var bothNo: Int
        /// Yes by the first, no by the second.
        public var firstOnly: Int
        public var secondOnly: Int
        public var bothYes: Int
        /// The share of images on which they agree.
        public var agreement: Double
        /// Cohen's κ: (agreement − chance) / (1 − chance) (J. Cohen, "A Coefficient of Agreement for Nominal Scales",
        /// 1960); nil where chance alone would make them always agree.
        public var kappa: Double?

        public init(annotators: [String], bothNo: Int, firstOnly: Int, secondOnly: Int, bothYes: Int) {
            self.annotators = annotators
            self.bothNo = bothNo
            self.firstOnly = firstOnly
            self.secondOnly = secondOnly
            self.bothYes = bothYes
            let n = Double(bothNo + firstOnly + secondOnly + bothYes)
            agreement = Double(bothNo + bothYes) / n
            let firstYes = Double(firstOnly + bothYes) / n
            let secondYes = Double(secondOnly + bothYes) / n
            let chance = firstYes * secondYes + (1 - firstYes) * (1 - secondYes)
            kappa = chance < 1 ? (agreement - chance) / (1 - chance) : nil
        }

        private enum CodingKeys: String, CodingKey {
            case annotators
            case bothNo = "both_no"
            case firstOnly = "first_only"
            case secondOnly = "second_only"
            case bothYes = "both_yes"
            case agreement
            case kappa
        }
    }

    public struct Result: Codable, Sendable {
        /// Those with the most common images first.
        public var pairs: [Pair]
        /// Images of which annotators say different things and nobody has settled what counts.
        public var disagreements: Int

        public init(pairs: [Pair], disagreements: Int) {
            self.pairs = pairs
            self.disagreements = disagreements
        }
    }
}
