import Wire

/// What was shown to whom and why, and what came of it: how many labels, positives and surprises each strategy yields.
enum Serves {
    /// A label that contradicts a confidence at least this far from ½ is a surprise.
    static let surprisingDistance = 0.3

    /// Why images are shown.
    struct Occasion: Sendable {
        let label: String
        let annotator: String
        let strategy: Strategy
        let poolSize: Int
        let time = Timestamp.now()
    }

    static func record(
        _ choices: [Choice],
        _ occasion: Occasion,
        _ shortName: String,
        _ transaction: WriteTransaction
    )
        throws
    {
        let connection = transaction.connection
        for choice in choices {
            try connection.execute(
                """
                INSERT INTO label_serves (image_id, label, annotator, at, strategy, branch, propensity, pool_size, confidence)
                SELECT id, ?, ?, ?, ?, ?, ?, ?, confidence_\(shortName) FROM labels WHERE id = ?
                """,
                occasion.label,
                occasion.annotator,
                Timestamp.text(occasion.time),
                occasion.strategy.rawValue,
                choice.branch.rawValue,
                choice.propensity,
                occasion.poolSize,
                choice.id
            )
        }
        for (branch, chosen) in Dictionary(grouping: choices, by: \.branch) {
            try connection.execute(
                """
                INSERT INTO label_yield (label, strategy, branch, served) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (label, strategy, branch) DO UPDATE SET served = served + ?4
                """,
                occasion.label,
                occasion.strategy.rawValue,
                branch.rawValue,
                chosen.count
            )
        }
    }

    /// The last time that an image was shown to an annotator.
    static func last(_ image: Int64, to annotator: String, _ connection: Connection) throws -> Int64? {
        try connection.first(
            "SELECT max(id) FROM label_serves WHERE image_id = ? AND annotator = ?",
            image,
            annotator
        ) { $0.optionalInteger(0) } ?? nil
    }

    /// Counts what came of a serve: the answer to the label that it asked for.
    ///
    /// - Parameter amount: 1, or -1 for an answer that is taken back.
    static func count(
        _ amount: Int,
        serve: Int64,
        before: ImageState,
        after: ImageState,
        _ connection: Connection
    ) throws {
        let asked = try connection.first(
            "SELECT label, strategy, branch, confidence FROM label_serves WHERE id = ?",
            serve
        ) { (label: $0.string(0), strategy: $0.string(1), branch: $0.string(2), confidence: $0.optionalDouble(3)) }
        guard let asked, let value = after.opinions[asked.label], value != before.opinions[asked.label] else { return }
        let distance = abs(Double(value) - (asked.confidence ?? Double(value)))
        try connection.execute(
            """
            UPDATE label_yield SET labeled = labeled + ?1, positives = positives + ?1 * ?2, surprises = surprises + ?1 * ?3
            WHERE label = ?4 AND strategy = ?5 AND branch = ?6
            """,
            amount,
            value,
            distance >= 0.5 + surprisingDistance,
            asked.label,
            asked.strategy,
            asked.branch
        )
    }
}
