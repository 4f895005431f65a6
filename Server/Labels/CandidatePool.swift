/// The images that may be offered for labeling, as SQL that a partial index serves.
struct CandidatePool: Sendable {
    /// The first part of the names of the pool's indexes.
    let index: String
    /// Which rows belong to the pool; the text must be the index's to the letter.
    let condition: String
    /// How far the steering confidence is from undecided: 0 … 0.5.
    let certainty: String

    /// Images without any label; the first label's confidence steers.
    static func all(_ settings: LabelSettings) -> CandidatePool {
        CandidatePool(
            index: "pick_all",
            labels: settings.labels,
            steeredBy: settings.labels[0]
        )
    }

    /// Images without one label, whose confidence steers.
    static func missing(_ label: LabelSettings.Label) -> CandidatePool {
        CandidatePool(index: "pick_\(label.name)", labels: [label], steeredBy: label)
    }

    private init(index: String, labels: [LabelSettings.Label], steeredBy label: LabelSettings.Label) {
        self.index = index
        let missing = labels.map { "has_\($0.name) IS NULL" }
        let isOpen = ["outcome IS NULL", "skipped_at IS NULL", "split IS NOT 'test'"]
        condition = (missing + isOpen).joined(separator: " AND ")
        certainty = "abs(coalesce(confidence_\(label.shortName), 0.5) - 0.5)"
    }
}
