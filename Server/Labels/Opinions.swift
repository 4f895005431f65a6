/// What each annotator says of each image: one may differ from another, and from the label that counts.
enum Opinions {
    /// What an annotator says of an image, by label.
    static func of(
        _ annotator: String,
        image: Int64,
        _ settings: LabelSettings,
        _ connection: Connection
    ) throws -> [String: Int] {
        let names = settings.labels.map(\.name)
        let opinions = try connection.first(
            """
            SELECT \(names.map { "has_\($0)" }.joined(separator: ", ")) FROM label_judgements
            WHERE image_id = ? AND annotator = ?
            """,
            image,
            annotator
        ) { row in
            names.enumerated().compactMap { place, name in
                row.optionalInteger(Int32(place)).map { (name, Int($0)) }
            }
        }
        return Dictionary(opinions ?? [], uniquingKeysWith: { $1 })
    }

    /// Sets or, with nil, takes back an opinion, and counts anew how often pairs of annotators agree.
    static func set(
        _ value: Int?,
        _ label: String,
        image: Int64,
        by annotator: String,
        at timestamp: String,
        _ connection: Connection
    ) throws {
        let all = try connection.rows(
            "SELECT annotator, has_\(label) FROM label_judgements WHERE image_id = ? AND has_\(label) IS NOT NULL",
            [image]
        ) { (annotator: $0.string(0), value: $0.int(1)) }
        let before = all.first { Array($0.annotator.utf8) == Array(annotator.utf8) }?.value
        try connection.execute(
            """
            INSERT INTO label_judgements (image_id, annotator, has_\(label), at_\(label)) VALUES (?, ?, ?, ?)
            ON CONFLICT (image_id, annotator) DO UPDATE
            SET has_\(label) = excluded.has_\(label), at_\(label) = excluded.at_\(label)
            """,
            image,
            annotator,
            value,
            value.map { _ in timestamp }
        )
        guard before != value else { return }
        for other in all where Array(other.annotator.utf8) != Array(annotator.utf8) {
            if let before { try count(-1, label, (annotator, before), other, connection) }
            if let value { try count(1, label, (annotator, value), other, connection) }
        }
    }

    private static func count(
        _ amount: Int,
        _ label: String,
        _ one: (annotator: String, value: Int),
        _ other: (annotator: String, value: Int),
        _ connection: Connection
    ) throws {
        let isInOrder = one.annotator.utf8.lexicographicallyPrecedes(other.annotator.utf8)
        let (first, second) = isInOrder ? (one, other) : (other, one)
        let column =
            switch (first.value, second.value) {
            case (0, 0): "both_no"
            case (1, 0): "first_only"
            case (0, _): "second_only"
            default: "both_yes"
            }
        try connection.execute(
            """
            INSERT INTO label_agreement (label, first, second, \(column)) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (label, first, second) DO UPDATE SET \(column) = \(column) + ?4
            """,
            label,
            first.annotator,
            second.annotator,
            amount
        )
    }

    // MARK: Second opinions

    /// Whether one other annotator has judged an image, and nobody else has.
    static func wantsSecond(
        _ image: Int64,
        _ label: String,
        from annotator: String,
        _ connection: Connection
    ) throws -> Bool {
        let annotators = try connection.rows(
            "SELECT annotator FROM label_judgements WHERE image_id = ? AND has_\(label) IS NOT NULL LIMIT 2",
            [image]
        ) { Array($0.string(0).utf8) }
        return annotators.count == 1 && annotators[0] != Array(annotator.utf8)
    }

    /// The first images that one other annotator has judged, and nobody else has.
    static func single(_ label: String, notBy annotator: String, limit: Int, _ connection: Connection) throws -> [Int64]
    {
        try connection.rows(
            """
            SELECT image_id FROM label_judgements AS one WHERE has_\(label) IS NOT NULL AND annotator != ? AND NOT EXISTS
            (SELECT 1 FROM label_judgements
            WHERE image_id = one.image_id AND has_\(label) IS NOT NULL AND annotator != one.annotator)
            AND EXISTS (SELECT 1 FROM labels WHERE id = one.image_id AND outcome IS NULL AND split IS NOT 'test')
            ORDER BY image_id LIMIT ?
            """,
            [annotator, limit]
        ) { $0.integer(0) }
    }

    // MARK: Disagreements

    /// Keeps the queue of disagreements true for one label of an image.
    ///
    /// - Parameter isSettled: Whether a person has just decided what counts.
    static func queue(_ label: String, image: Int64, isSettled: Bool, _ connection: Connection) throws {
        let isDisputed = try connection.first(
            """
            SELECT 1 FROM labels JOIN label_judgements AS said ON said.image_id = labels.id
            WHERE labels.id = ? AND split IS NOT 'test' AND said.has_\(label) != labels.has_\(label) LIMIT 1
            """,
            image
        ) { _ in true }
        if isDisputed ?? false, !isSettled {
            try connection.execute(
                "INSERT OR IGNORE INTO label_disagreements (label, image_id) VALUES (?, ?)",
                label,
                image
            )
        } else {
            try connection.execute("DELETE FROM label_disagreements WHERE label = ? AND image_id = ?", label, image)
        }
    }
}
