/// What each annotator says of each image: one may differ from another, and from the label that counts.
enum Opinions {
    /// What an annotator says of an image, by label.
    static func of(_ annotator: String, image: Int64, _ connection: Connection) throws -> [String: Int] {
        let opinions = try connection.rows(
            "SELECT label, value FROM label_opinions WHERE image_id = ? AND annotator = ?",
            [image, annotator]
        ) { ($0.string(0), $0.int(1)) }
        return Dictionary(opinions, uniquingKeysWith: { $1 })
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
            "SELECT annotator, value FROM label_opinions WHERE image_id = ? AND label = ?",
            [image, label]
        ) { (annotator: $0.string(0), value: $0.int(1)) }
        let before = all.first { Array($0.annotator.utf8) == Array(annotator.utf8) }?.value
        if let value {
            try connection.execute(
                """
                INSERT INTO label_opinions (image_id, label, annotator, value, at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (image_id, label, annotator) DO UPDATE SET value = excluded.value, at = excluded.at
                """,
                image,
                label,
                annotator,
                value,
                timestamp
            )
        } else {
            try connection.execute(
                "DELETE FROM label_opinions WHERE image_id = ? AND label = ? AND annotator = ?",
                image,
                label,
                annotator
            )
        }
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
            "SELECT annotator FROM label_opinions WHERE image_id = ? AND label = ? LIMIT 2",
            [image, label]
        ) { Array($0.string(0).utf8) }
        return annotators.count == 1 && annotators[0] != Array(annotator.utf8)
    }

    /// The first images that one other annotator has judged, and nobody else has.
    static func single(_ label: String, notBy annotator: String, limit: Int, _ connection: Connection) throws -> [Int64]
    {
        try connection.rows(
            """
            SELECT image_id FROM label_opinions AS one WHERE label = ?1 AND annotator != ?2 AND NOT EXISTS
            (SELECT 1 FROM label_opinions WHERE image_id = one.image_id AND label = ?1 AND annotator != one.annotator)
            AND EXISTS (SELECT 1 FROM labels WHERE id = one.image_id AND outcome IS NULL AND split IS NOT 'test')
            ORDER BY image_id LIMIT ?3
            """,
            [label, annotator, limit]
        ) { $0.integer(0) }
    }

    // MARK: Disagreements

    /// Keeps the queue of disagreements true for one label of an image.
    ///
    /// - Parameter isSettled: Whether a person has just decided what counts.
    static func queue(_ label: String, image: Int64, isSettled: Bool, _ connection: Connection) throws {
        let isDisputed = try connection.first(
            """
            SELECT 1 FROM labels JOIN label_opinions ON image_id = id
            WHERE id = ?1 AND label = ?2 AND split IS NOT 'test' AND value != has_\(label) LIMIT 1
            """,
            image,
            label
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
