import Wire

extension Labels {
    private static let hoursTold = 48

    /// `labels.stats`
    func stats(_ parameters: LabelsStats) async throws -> LabelsStats.Result {
        try await catalog.read { [settings] connection in
            let counters = try connection.rows("SELECT name, count FROM label_counters") { ($0.string(0), $0.int(1)) }
            var result = Self.counts(Dictionary(counters, uniquingKeysWith: { $1 }), settings)
            result.annotators = try Self.annotators(connection)
            result.hours = try Self.hours(connection)
            result.strategies = try Self.strategies(connection)
            return result
        }
    }

    private static func counts(_ counts: [String: Int], _ settings: LabelSettings) -> LabelsStats.Result {
        func count(_ name: String) -> Int { counts[name, default: 0] }
        func label(_ name: String, prefix: String = "") -> LabelsStats.Label {
            LabelsStats.Label(labeled: count("\(prefix)labeled_\(name)"), yes: count("\(prefix)yes_\(name)"))
        }
        let labels = settings.labels.map { ($0.name, label($0.name)) }
        let progress = settings.labels.map { each in
            let progress = LabelsStats.Progress(
                open: count(CandidatePool.missing(each).name),
                train: label(each.name, prefix: "train_"),
                val: label(each.name, prefix: "val_")
            )
            return (each.name, progress)
        }
        return LabelsStats.Result(
            total: count("total"),
            fullyLabeled: count("full"),
            labels: Dictionary(labels, uniquingKeysWith: { $1 }),
            splits: LabelsStats.Splits(
                train: count("split_train"),
                val: count("split_val"),
                test: count("split_test"),
                none: count("split_none")
            ),
            progress: Dictionary(progress, uniquingKeysWith: { $1 }),
            skipped: count("skipped"),
            outcomes: LabelsStats.Outcomes(unsure: count("unsure"), unusable: count("unusable")),
            holdoutLabeled: count("holdout_labeled"),
            straddlingStudies: count("straddling_studies"),
            splitBy: settings.splitBy.rawValue
        )
    }

    private static func annotators(_ connection: Connection) throws -> [LabelsStats.Annotator] {
        try connection.rows(
            "SELECT annotator, labels, skips, undos, seconds FROM label_annotators ORDER BY labels DESC, annotator LIMIT 200"
        ) { row in
            LabelsStats.Annotator(
                annotator: row.string(0),
                labels: row.int(1),
                skips: row.int(2),
                undos: row.int(3),
                seconds: row.double(4)
            )
        }
    }

    private static func hours(_ connection: Connection) throws -> [LabelsStats.Hour] {
        try connection.rows(
            """
            SELECT hour, sum(labels) FROM label_activity WHERE hour IN
            (SELECT DISTINCT hour FROM label_activity ORDER BY hour DESC LIMIT ?) GROUP BY hour ORDER BY hour
            """,
            [hoursTold]
        ) { LabelsStats.Hour(from: $0.double(0) * 3600, labels: $0.int(1)) }
    }

    private static func strategies(_ connection: Connection) throws -> [LabelsStats.Strategy] {
        try connection.rows(
            """
            SELECT label, strategy, branch, served, labeled, positives, surprises FROM label_yield
            ORDER BY label, strategy, branch
            """
        ) { row in
            LabelsStats.Strategy(
                label: row.string(0),
                strategy: row.string(1),
                branch: row.string(2),
                served: row.int(3),
                labeled: row.int(4),
                positives: row.int(5),
                surprises: row.int(6)
            )
        }
    }
}
