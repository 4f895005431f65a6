import Wire

/// Labels that are likely wrong, by confident learning (Northcutt, Jiang & Chuang, "Confident Learning: Estimating
/// Uncertainty in Dataset Labels", JAIR 70, 2021): an image that is labeled yes is in doubt when its out-of-sample score
/// says no at least as surely as it does on average of images that are labeled no, and the other way round.
enum LabelIssues {
    struct Issue: Sendable {
        let imageID: Int64
        let given: Int
        let score: Double

        /// What the model gives to the label that people gave: the lower, the likelier it is wrong.
        var selfConfidence: Double { given == 1 ? score : 1 - score }
    }

    /// Where a page begins: behind the last issue of each of the two sides.
    struct Key: Codable {
        struct Place: Codable {
            let score: Double
            let imageID: Int64
        }

        /// Among images labeled yes, from the lowest score up.
        var yes = Place(score: -1, imageID: 0)
        /// Among images labeled no, from the highest score down.
        var no = Place(score: 2, imageID: 0)
    }

    /// Issues by self-confidence, the least first, and where the next page begins.
    static func page(
        _ label: String,
        _ bins: ScoreBins,
        from key: Key,
        limit: Int,
        _ connection: Connection
    ) throws -> (issues: [Issue], next: Key) {
        guard let yesThreshold = bins.yesThreshold, let noThreshold = bins.noThreshold else { return ([], key) }
        // With a model that has it the wrong way round the two means change places.
        let most = min(noThreshold, yesThreshold)
        let least = max(noThreshold, yesThreshold)
        var yes = try connection.rows(
            """
            SELECT image_id, score FROM label_scores INDEXED BY idx_label_scores_doubt
            WHERE label = ? AND given = 1 AND is_confirmed = 0 AND score <= ? AND (score, image_id) > (?, ?)
            ORDER BY score, image_id LIMIT ?
            """,
            [label, most, key.yes.score, key.yes.imageID, limit]
        ) { Issue(imageID: $0.integer(0), given: 1, score: $0.double(1)) }[...]
        var no = try connection.rows(
            """
            SELECT image_id, score FROM label_scores INDEXED BY idx_label_scores_doubt
            WHERE label = ? AND given = 0 AND is_confirmed = 0 AND score >= ? AND (score, image_id) < (?, ?)
            ORDER BY score DESC, image_id DESC LIMIT ?
            """,
            [label, least, key.no.score, key.no.imageID, limit]
        ) { Issue(imageID: $0.integer(0), given: 0, score: $0.double(1)) }[...]
        var issues: [Issue] = []
        var next = key
        while issues.count < limit {
            let isYes = (yes.first?.selfConfidence ?? .infinity) <= (no.first?.selfConfidence ?? .infinity)
            guard let issue = isYes ? yes.popFirst() : no.popFirst() else { break }
            let place = Key.Place(score: issue.score, imageID: issue.imageID)
            if isYes { next.yes = place } else { next.no = place }
            issues.append(issue)
        }
        return (issues, next)
    }

    /// The images of the likeliest issues.
    static func ids(_ label: LabelSettings.Label, limit: Int, _ connection: Connection) throws -> [Int64] {
        let bins = try ScoreBins.read(label.name, connection)
        return try page(label.name, bins, from: Key(), limit: limit, connection).issues.map(\.imageID)
    }
}
