import Wire

/// What is said of an image: what an event records before and after, and what an undo restores.
struct ImageState: Codable, Sendable, Equatable {
    var labels: [String: Int?]
    var outcome: LabelsSet.Outcome?
    var isSkipped: Bool
    /// When the labels were set; nil without any.
    var labeledAt: String?
    /// What the event's annotator says of it, by label.
    var opinions: [String: Int] = [:]

    private enum CodingKeys: String, CodingKey {
        case labels
        case outcome
        case isSkipped = "skipped"
        case labeledAt = "labeled_at"
        case opinions
    }

    var isLabeled: Bool { labels.values.contains { $0 != nil } }
}

/// An image as a change of what is said of it sees it.
struct JudgedImage {
    let filename: String
    let studyID: String?
    let split: String?
    let state: ImageState

    var isHoldout: Bool { split == "test" }

    /// The image with what an annotator says of it; nil if there is no such image.
    static func read(
        _ id: Int64,
        annotator: String,
        _ settings: LabelSettings,
        _ connection: Connection
    ) throws -> JudgedImage? {
        let columns = settings.labels.map { "has_\($0.name)" }.joined(separator: ", ")
        let opinions = try Opinions.of(annotator, image: id, settings, connection)
        return try connection.first(
            "SELECT filename, study_id, split, outcome, skipped_at, labeled_at, \(columns) FROM labels WHERE id = ?",
            id
        ) { row in
            var state = ImageState(
                labels: [:],
                outcome: row.optionalString(3).flatMap(LabelsSet.Outcome.init),
                isSkipped: !row.isNull(4),
                labeledAt: row.optionalString(5),
                opinions: opinions
            )
            for (index, label) in settings.labels.enumerated() {
                state.labels.updateValue(row.optionalInteger(Int32(6 + index)).map { Int($0) }, forKey: label.name)
            }
            return JudgedImage(
                filename: row.string(0),
                studyID: row.optionalString(1),
                split: row.optionalString(2),
                state: state
            )
        }
    }

    /// The split of the image once its state is `state`: the first label of an image that is not held out fixes it.
    func split(after state: ImageState, _ settings: LabelSettings) -> String? {
        guard split == nil, state.isLabeled else { return split }
        return settings.trainingSplit(settings.splitBy == .study ? studyID ?? "" : filename)
    }

    /// Writes a state, and the opinions that changed with it.
    func write(
        _ new: ImageState,
        id: Int64,
        annotator: String,
        split: String?,
        _ settings: LabelSettings,
        _ transaction: WriteTransaction
    ) throws {
        let columns = settings.labels.map { "has_\($0.name) = ?" }.joined(separator: ", ")
        let statement = try transaction.connection.statement(
            "UPDATE labels SET \(columns), labeled_at = ?, outcome = ?, skipped_at = ?, split = ? WHERE id = ?"
        )
        let labels: [any SQLConvertible] = settings.labels.map { new.labels[$0.name] ?? nil }
        let rest: [any SQLConvertible] = [
            new.labeledAt, new.outcome?.rawValue, new.isSkipped ? transaction.timestamp : nil, split, id,
        ]
        try statement.bind(labels + rest)
        try statement.execute()
        for label in settings.labels where new.opinions[label.name] != state.opinions[label.name] {
            try Opinions.set(
                new.opinions[label.name],
                label.name,
                image: id,
                by: annotator,
                at: transaction.timestamp,
                transaction.connection
            )
        }
    }
}
