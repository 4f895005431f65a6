/// Counts of images by what is said of them, so that counting does not scan.
enum LabelCounters {
    /// A counter, and the condition that an image counted by it fulfils.
    struct Counter {
        let name: String
        private let condition: String

        fileprivate init(_ name: String, _ conditions: String...) {
            self.name = name
            condition = conditions.joined(separator: " AND ")
        }

        /// The condition for the row `row`.
        func condition(of row: String) -> String { condition.replacing("ROW", with: row) }
    }

    /// What depends on an image's labels, outcome, skip and split. Of held-out images only their number is told: a count
    /// of "yes" that grows by one would be a label.
    static func judged(_ settings: LabelSettings) -> [Counter] {
        let names = settings.labels.map(\.name)
        let labeled = names.map { "ROW.has_\($0) IS NOT NULL" }
        var counters = [
            Counter("full", (labeled + ["ROW.split IS NOT 'test'"]).joined(separator: " AND ")),
            Counter("holdout_labeled", "ROW.split IS 'test'", "(\(labeled.joined(separator: " OR ")))"),
            Counter("skipped", "ROW.skipped_at IS NOT NULL"),
            Counter("unsure", "ROW.outcome IS 'unsure'"),
            Counter("unusable", "ROW.outcome IS 'unusable'"),
        ]
        for name in names {
            counters.append(Counter("labeled_\(name)", "ROW.has_\(name) IS NOT NULL", "ROW.split IS NOT 'test'"))
            counters.append(Counter("yes_\(name)", "ROW.has_\(name) IS 1", "ROW.split IS NOT 'test'"))
            for split in ["train", "val"] {
                let isThere = "ROW.split IS '\(split)'"
                counters.append(Counter("\(split)_labeled_\(name)", isThere, "ROW.has_\(name) IS NOT NULL"))
                counters.append(Counter("\(split)_yes_\(name)", isThere, "ROW.has_\(name) IS 1"))
            }
        }
        for pool in CandidatePool.open(settings) {
            counters.append(Counter(pool.name, pool.condition(of: "ROW")))
        }
        return counters
    }

    /// The counters of a split; nil counts images without one.
    static func name(ofSplit split: String?) -> String { "split_\(split ?? "none")" }

    /// The names of all of them.
    static func names(_ settings: LabelSettings) -> [String] {
        ["total", "straddling_studies"] + ["train", "val", "test", nil].map(name(ofSplit:))
            + judged(settings).map(\.name)
    }

    static func add(_ amount: Int, to name: String, _ connection: Connection) throws {
        guard amount != 0 else { return }
        try connection.execute("UPDATE label_counters SET count = count + ?1 WHERE name = ?2", amount, name)
    }
}
