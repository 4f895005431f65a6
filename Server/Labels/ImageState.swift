import Wire

/// What a person has said of an image: what an event records before and after, and what an undo restores.
struct ImageState: Codable, Sendable, Equatable {
    var labels: [String: Int?]
    var outcome: LabelsSet.Outcome?
    var isSkipped: Bool
    /// When the labels were set; nil without any.
    var labeledAt: String?

    private enum CodingKeys: String, CodingKey {
        case labels
        case outcome
        case isSkipped = "skipped"
        case labeledAt = "labeled_at"
    }

    var isLabeled: Bool { labels.values.contains { $0 != nil } }

    /// The state of an image, with what its split depends on; nil if there is no such image.
    static func read(
        _ id: Int64,
        _ settings: LabelSettings,
        _ connection: Connection
    ) throws -> (state: ImageState, filename: String, studyID: String?, split: String?)? {
        let columns = settings.labels.map { "has_\($0.name)" }.joined(separator: ", ")
        return try connection.first(
            "SELECT filename, study_id, split, outcome, skipped_at, labeled_at, \(columns) FROM labels WHERE id = ?",
            id
        ) { row in
            var state = ImageState(
                labels: [:],
                outcome: row.optionalString(3).flatMap(LabelsSet.Outcome.init),
                isSkipped: !row.isNull(4),
                labeledAt: row.optionalString(5)
            )
            for (index, label) in settings.labels.enumerated() {
                state.labels.updateValue(row.optionalInteger(Int32(6 + index)).map { Int($0) }, forKey: label.name)
            }
            return (state, row.string(0), row.optionalString(1), row.optionalString(2))
        }
    }

    /// Writes the state.
    func write(
        _ id: Int64,
        split: String?,
        skippedAt: String,
        _ settings: LabelSettings,
        _ connection: Connection
    ) throws {
        let columns = settings.labels.map { "has_\($0.name) = ?" }.joined(separator: ", ")
        let statement = try connection.statement(
            "UPDATE labels SET \(columns), labeled_at = ?, outcome = ?, skipped_at = ?, split = ? WHERE id = ?"
        )
        let values: [any SQLConvertible] = settings.labels.map { labels[$0.name] ?? nil }
        try statement.bind(
            values + [labeledAt, outcome?.rawValue, isSkipped ? skippedAt : nil, split, id] as [any SQLConvertible]
        )
        try statement.execute()
    }
}
