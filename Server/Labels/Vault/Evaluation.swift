import Wire

/// How good predictions are, with 95 % confidence intervals by the bootstrap (B. Efron, "Bootstrap Methods: Another Look
/// at the Jackknife", 1979): studies, not images, are drawn again, because images of one study resemble each other.
struct Evaluation {
    /// One image that was predicted.
    struct Sample {
        let id: Int64
        let isPositive: Bool
        let confidence: Double
        let study: String
    }

    private static let draws = 1000
    /// The same for every evaluation, so that the same predictions give the same intervals.
    private static let seed: UInt64 = 42

    let result: HoldoutEvaluate.Result

    init(_ samples: [Sample], threshold: Double) {
        let ordered = samples.sorted { ($0.confidence, $0.id) < ($1.confidence, $1.id) }
        var studies: [String: Int] = [:]
        let studyOf = ordered.map { sample in
            if let place = studies[sample.study] { return place }
            studies[sample.study] = studies.count
            return studies.count - 1
        }
        let all = Measures(ordered, threshold: threshold) { _ in 1 }
        var drawn: [[Double]] = Measures.names.map { _ in [] }
        var generator = SeededGenerator(seed: Self.seed)
        var weights = [Int](repeating: 0, count: studies.count)
        for _ in 0..<Self.draws {
            for study in weights.indices { weights[study] = 0 }
            for _ in weights.indices { weights[Int.random(in: weights.indices, using: &generator)] += 1 }
            let measures = Measures(ordered, threshold: threshold) { weights[studyOf[$0]] }
            for (place, value) in measures.values.enumerated() {
                if let value { drawn[place].append(value) }
            }
        }
        var intervals: [String: HoldoutEvaluate.Interval] = [:]
        for (place, name) in Measures.names.enumerated() where all.values[place] != nil {
            intervals[name] = Self.interval(drawn[place])
        }
        result = HoldoutEvaluate.Result(
            n: samples.count,
            positives: samples.count(where: \.isPositive),
            accuracy: all.accuracy ?? 0,
            precision: all.precision,
            recall: all.recall,
            f1: all.f1,
            auc: all.auc,
            intervals: intervals,
            look: 0
        )
    }

    private static func interval(_ values: [Double]) -> HoldoutEvaluate.Interval? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        func percentile(_ share: Double) -> Double { sorted[Int((Double(sorted.count - 1) * share).rounded())] }
        return HoldoutEvaluate.Interval(from: percentile(0.025), to: percentile(0.975))
    }
}

/// The usual measures of a binary classifier over weighted samples; nil where one is not defined.
private struct Measures {
    static let names = ["accuracy", "precision", "recall", "f1", "auc"]

    let accuracy: Double?
    let precision: Double?
    let recall: Double?
    let f1: Double?
    let auc: Double?

    var values: [Double?] { [accuracy, precision, recall, f1, auc] }

    /// - Parameter samples: By confidence, ascending.
    init(_ samples: [Evaluation.Sample], threshold: Double, weight: (Int) -> Int) {
        var (truePositives, falsePositives, trueNegatives, falseNegatives) = (0, 0, 0, 0)
        // The area is the chance that a positive has the higher confidence than a negative, ties counting half
        // (the Mann–Whitney statistic).
        var negativesBelow = 0.0
        var area = 0.0
        var place = 0
        while place < samples.count {
            let confidence = samples[place].confidence
            var (positives, negatives) = (0, 0)
            while place < samples.count, samples[place].confidence == confidence {
                if samples[place].isPositive { positives += weight(place) } else { negatives += weight(place) }
                place += 1
            }
            area += Double(positives) * (negativesBelow + Double(negatives) / 2)
            negativesBelow += Double(negatives)
            if confidence >= threshold {
                truePositives += positives
                falsePositives += negatives
            } else {
                falseNegatives += positives
                trueNegatives += negatives
            }
        }
        func share(_ part: Int, of whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
        let positives = truePositives + falseNegatives
        let negatives = trueNegatives + falsePositives
        accuracy = share(truePositives + trueNegatives, of: positives + negatives)
        precision = share(truePositives, of: truePositives + falsePositives)
        recall = share(truePositives, of: positives)
        f1 = share(2 * truePositives, of: 2 * truePositives + falsePositives + falseNegatives)
        auc = positives == 0 || negatives == 0 ? nil : area / (Double(positives) * Double(negatives))
    }
}
