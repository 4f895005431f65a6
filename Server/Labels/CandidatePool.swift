/// Images among which labels are picked, as SQL that partial indexes serve.
struct CandidatePool: Sendable {
    /// The first part of the names of the pool's indexes, and the name of its counter.
    let name: String
    /// Which rows belong to the pool; the text must be the index's to the letter.
    let condition: String
    /// The steering confidence: 0 … 1.
    let confidence: String

    /// Images without any label; the first label's confidence steers.
    static func all(_ settings: LabelSettings) -> CandidatePool {
        CandidatePool(name: "pick_all", missing: settings.labels, steeredBy: settings.labels[0])
    }

    /// Images without one label, whose confidence steers.
    static func missing(_ label: LabelSettings.Label) -> CandidatePool {
        CandidatePool(name: "pick_\(label.name)", missing: [label], steeredBy: label)
    }

    /// Images that have a label already: for a second opinion.
    static func labeled(_ label: LabelSettings.Label) -> CandidatePool {
        CandidatePool(
            name: "again_\(label.name)",
            condition: "has_\(label.name) IS NOT NULL AND outcome IS NULL AND split IS NOT 'test'",
            confidence: "coalesce(confidence_\(label.shortName), 0.5)"
        )
    }

    /// Held-out images that nobody has judged.
    static func holdout(_ settings: LabelSettings) -> CandidatePool {
        holdout(name: "holdout_all", missing: settings.labels)
    }

    /// Held-out images without one label.
    static func holdout(missing label: LabelSettings.Label) -> CandidatePool {
        holdout(name: "holdout_\(label.name)", missing: [label])
    }

    private static func holdout(name: String, missing labels: [LabelSettings.Label]) -> CandidatePool {
        let open = labels.map { "has_\($0.name) IS NULL" } + ["outcome IS NULL", "skipped_at IS NULL"]
        // They have no confidence.
        return CandidatePool(
            name: name,
            condition: (open + ["split = 'test'"]).joined(separator: " AND "),
            confidence: "0.5"
        )
    }

    /// The pools from which open images come.
    static func open(_ settings: LabelSettings) -> [CandidatePool] {
        [.all(settings)] + settings.labels.map { .missing($0) }
    }

    private init(name: String, missing labels: [LabelSettings.Label], steeredBy label: LabelSettings.Label) {
        let missing = labels.map { "has_\($0.name) IS NULL" }
        let isOpen = ["outcome IS NULL", "skipped_at IS NULL", "split IS NOT 'test'"]
        self.init(
            name: name,
            condition: (missing + isOpen).joined(separator: " AND "),
            confidence: "coalesce(confidence_\(label.shortName), 0.5)"
        )
    }

    private init(name: String, condition: String, confidence: String) {
        self.name = name
        self.condition = condition
        self.confidence = confidence
    }

    /// The condition for the row `row` of a trigger.
    func condition(of row: String) -> String {
        condition.replacing(/\b(has_[a-z0-9_]+|outcome|skipped_at|split)\b/) { "\(row).\($0.output.1)" }
    }
}
