/// Counts of images and labels, from counters: the time does not depend on how many there are.
public struct LabelsStats: Method {
    public static let name = "labels.stats"
    public static let effect = MethodEffect.read

    public init() {}

    public struct Result: Codable, Sendable, Equatable {
        public var total: Int
        /// Images with every label set, held-out ones not counted.
        public var fullyLabeled: Int
        public var labels: [String: Label]
        public var splits: Splits
        public var progress: [String: Progress]
        /// Images that were passed over and may be asked about again after an undo.
        public var skipped: Int
        public var outcomes: Outcomes
        /// Held-out images that somebody has judged.
        public var holdoutLabeled: Int
        /// Studies with images on both sides of the hold-out or of train and val: what a model learns there leaks.
        public var straddlingStudies: Int
        /// What decides on which side an image falls: `filename` or `study`.
        public var splitBy: String
        public var annotators: [Annotator]
        /// Labels set in each of the last 48 hours in which there were any, the oldest first.
        public var hours: [Hour]
        public var strategies: [Strategy]

        public init(
            total: Int,
            fullyLabeled: Int,
            labels: [String: Label],
            splits: Splits,
            progress: [String: Progress] = [:],
            skipped: Int = 0,
            outcomes: Outcomes = Outcomes(unsure: 0, unusable: 0),
            holdoutLabeled: Int = 0,
            straddlingStudies: Int = 0,
            splitBy: String = "filename",
            annotators: [Annotator] = [],
            hours: [Hour] = [],
            strategies: [Strategy] = []
        ) {
            self.total = total
            self.fullyLabeled = fullyLabeled
            self.labels = labels
            self.splits = splits
            self.progress = progress
            self.skipped = skipped
            self.outcomes = outcomes
            self.holdoutLabeled = holdoutLabeled
            self.straddlingStudies = straddlingStudies
            self.splitBy = splitBy
            self.annotators = annotators
            self.hours = hours
            self.strategies = strategies
        }

        private enum CodingKeys: String, CodingKey {
            case total
            case fullyLabeled = "fully_labeled"
            case labels
            case splits
            case progress
            case skipped
            case outcomes
            case holdoutLabeled = "holdout_labeled"
            case straddlingStudies = "straddling_studies"
            case splitBy = "split_by"
            case annotators
            case hours
            case strategies
        }
    }

    /// One label's counts, of images that are not held out.
    public struct Label: Codable, Sendable, Equatable {
        public var labeled: Int
        public var yes: Int

        public init(labeled: Int, yes: Int) {
            self.labeled = labeled
            self.yes = yes
        }
    }

    /// How far one label has come.
    public struct Progress: Codable, Sendable, Equatable {
        /// Images that `labels.next` may still offer for it.
        public var open: Int
        public var train: Label
        public var val: Label

        public init(open: Int, train: Label, val: Label) {
            self.open = open
            self.train = train
            self.val = val
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

    /// Images that can't be labeled yes or no.
    public struct Outcomes: Codable, Sendable, Equatable {
        public var unsure: Int
        public var unusable: Int

        public init(unsure: Int, unusable: Int) {
            self.unsure = unsure
            self.unusable = unusable
        }
    }

    /// What one annotator did, ever.
    public struct Annotator: Codable, Sendable, Equatable {
        public var annotator: String
        public var labels: Int
        public var skips: Int
        public var undos: Int
        /// Time spent looking at images, as far as it was told.
        public var seconds: Double

        public init(annotator: String, labels: Int, skips: Int, undos: Int, seconds: Double) {
            self.annotator = annotator
            self.labels = labels
            self.skips = skips
            self.undos = undos
            self.seconds = seconds
        }
    }

    /// What was done in one hour.
    public struct Hour: Codable, Sendable, Equatable {
        /// UNIX seconds of its begin.
        public var from: Double
        public var labels: Int

        public init(from: Double, labels: Int) {
            self.from = from
            self.labels = labels
        }
    }

    /// What came of the images that a part of a strategy chose.
    public struct Strategy: Codable, Sendable, Equatable {
        public var label: String
        public var strategy: String
        public var branch: String
        public var served: Int
        public var labeled: Int
        public var positives: Int
        /// Labels that contradict a sure prediction.
        public var surprises: Int

        public init(
            label: String,
            strategy: String,
            branch: String,
            served: Int,
            labeled: Int,
            positives: Int,
            surprises: Int
        ) {
            self.label = label
            self.strategy = strategy
            self.branch = branch
            self.served = served
            self.labeled = labeled
            self.positives = positives
            self.surprises = surprises
        }
    }
}
