/// Out-of-sample scores of labeled images.
enum LabelScores {
    /// Writes a score; a new one puts the label in question again.
    static func write(
        _ score: Double,
        _ label: String,
        image: Int64,
        given: Int?,
        at timestamp: String,
        _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO label_scores (image_id, label, score, given, scored_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (image_id, label) DO UPDATE
            SET score = excluded.score, given = excluded.given, is_confirmed = 0, scored_at = excluded.scored_at
            """,
            image,
            label,
            score,
            given,
            timestamp
        )
    }

    /// Notes whether a person has looked at the label since it was scored.
    static func confirm(_ image: Int64, _ label: String, _ isConfirmed: Bool, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE label_scores SET is_confirmed = ?3 WHERE image_id = ?1 AND label = ?2 AND is_confirmed != ?3",
            image,
            label,
            isConfirmed
        )
    }
}
