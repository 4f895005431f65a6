import Wire

extension Labels {
    /// `labels.issues`
    func issues(_ parameters: LabelsIssues) async throws -> LabelsIssues.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let key = try Page.key(LabelIssues.Key.self, of: parameters.cursor) ?? LabelIssues.Key()
        let label = try chosen(parameters.label).name
        return try await catalog.read { connection in
            let bins = try ScoreBins.read(label, connection)
            let (issues, next) = try LabelIssues.page(label, bins, from: key, limit: limit, connection)
            return LabelsIssues.Result(
                issues: try issues.compactMap { issue in
                    try Self.image(issue.imageID, connection).map { image in
                        LabelsIssues.Issue(
                            image: image,
                            given: issue.given,
                            score: issue.score,
                            selfConfidence: issue.selfConfidence
                        )
                    }
                },
                cursor: issues.count == limit ? try Page.cursor(next) : nil
            )
        }
    }

    /// `labels.calibration`
    func calibration(_ parameters: LabelsCalibration) async throws -> LabelsCalibration.Result {
        let label = try chosen(parameters.label).name
        let scores = try await catalog.read { try ScoreBins.read(label, $0) }
        let bins = zip(scores.no, scores.yes).enumerated().map { index, sides in
            let count = sides.0.count + sides.1.count
            return LabelsCalibration.Bin(
                from: Double(index) / Double(ScoreBins.count),
                to: Double(index + 1) / Double(ScoreBins.count),
                count: count,
                yes: sides.1.count,
                meanScore: count == 0 ? nil : (sides.0.sum + sides.1.sum) / Double(count)
            )
        }
        let total = bins.reduce(0) { $0 + $1.count }
        let error = bins.reduce(0) { sum, bin in
            sum + abs(Double(bin.yes) - (bin.meanScore ?? 0) * Double(bin.count))
        }
        return LabelsCalibration.Result(
            bins: bins,
            threshold: scores.bestThreshold,
            error: total == 0 ? nil : error / Double(total)
        )
    }

    private struct DisagreementKey: Codable {
        let id: Int64
    }

    /// `labels.disagreements`
    func disagreements(_ parameters: LabelsDisagreements) async throws -> LabelsDisagreements.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let start = try Page.key(DisagreementKey.self, of: parameters.cursor)?.id ?? 0
        let label = try chosen(parameters.label).name
        return try await catalog.read { connection in
            let ids = try connection.rows(
                "SELECT image_id FROM label_disagreements WHERE label = ? AND image_id > ? ORDER BY image_id LIMIT ?",
                [label, start, limit + 1]
            ) { $0.integer(0) }
            return LabelsDisagreements.Result(
                disagreements: try ids.prefix(limit).compactMap { try Self.disagreement($0, label, connection) },
                cursor: ids.count > limit ? try Page.cursor(DisagreementKey(id: ids[limit - 1])) : nil
            )
        }
    }

    private static func disagreement(
        _ id: Int64,
        _ label: String,
        _ connection: Connection
    ) throws -> LabelsDisagreements.Disagreement? {
        guard let image = try image(id, connection) else { return nil }
        let value = try connection.first("SELECT has_\(label) FROM labels WHERE id = ?", id) { $0.optionalInteger(0) }
        let opinions = try connection.rows(
            "SELECT annotator, value, at FROM label_opinions WHERE image_id = ? AND label = ? ORDER BY at, annotator",
            [id, label]
        ) { row in
            LabelsDisagreements.Opinion(
                annotator: row.string(0),
                value: row.int(1),
                at: Timestamp.seconds(row.string(2)) ?? 0
            )
        }
        return LabelsDisagreements.Disagreement(
            image: image,
            label: (value ?? nil).map { Int($0) },
            opinions: opinions
        )
    }

    /// `labels.agreement`
    func agreement(_ parameters: LabelsAgreement) async throws -> LabelsAgreement.Result {
        let label = try chosen(parameters.label).name
        return try await catalog.read { connection in
            let pairs = try connection.rows(
                """
                SELECT first, second, both_no, first_only, second_only, both_yes FROM label_agreement WHERE label = ?
                AND both_no + first_only + second_only + both_yes > 0
                ORDER BY both_no + first_only + second_only + both_yes DESC, first, second
                """,
                [label]
            ) { row in
                LabelsAgreement.Pair(
                    annotators: [row.string(0), row.string(1)],
                    bothNo: row.int(2),
                    firstOnly: row.int(3),
                    secondOnly: row.int(4),
                    bothYes: row.int(5)
                )
            }
            let disagreements = try connection.first(
                "SELECT count(*) FROM label_disagreements WHERE label = ?",
                label
            ) { $0.int(0) }
            return LabelsAgreement.Result(pairs: pairs, disagreements: disagreements ?? 0)
        }
    }

    /// The label of a name, or the first.
    func chosen(_ name: String?) throws -> LabelSettings.Label { try name.map { try label($0) } ?? settings.labels[0] }
}
