import Foundation

/// The text of an analysis.
struct AnalysisReport {
    /// How many runs are analysed when none is named.
    static let mostRuns = 10
    private static let mostListed = 40

    let source: MetricsDatabase
    let runs: RunList
    let relations: Set<Relation>

    /// The runs that are analysed when none is named.
    var detailed: [RunSummary] { Array(runs.all.prefix(Self.mostRuns)) }

    /// What the database holds, and its runs if none was chosen.
    func header(chosen: RunSummary?) -> String {
        let rows = Relation.allCases.map { relation in
            guard relations.contains(relation) else { return "no \(relation.rawValue)" }
            return "\(Human.count(runs.all.reduce(0) { $0 + ($1.counts[relation] ?? 0) })) \(relation.rawValue)"
        }
        var lines = [
            "Database  \(Human.text(source.path, limit: 400)) (\(Human.bytes(source.bytes)))",
            "Rows      \(rows.joined(separator: ", "))",
            "Runs      \(Human.count(runs.all.count))",
            "Time      \(span(runs.all.compactMap(\.span)))",
        ]
        if chosen == nil { lines += ["", "Runs"] + list }
        return lines.joined(separator: "\n")
    }

    /// All that is known of a run.
    func detail(_ run: RunSummary, _ connection: Connection) throws -> String {
        var lines = ["", String(repeating: "═", count: 100), "Run \(run.name)"]
        lines.append(
            "  "
                + ([
                    "\(run.status.map { Human.text($0, limit: 20) } ?? "unknown status")",
                    span(run.span.map { [$0] } ?? []),
                ]).joined(separator: ", ")
        )
        lines += try section(.generation, "Generation", run) {
            try GenerationReport(run: run, connection: connection).lines()
        }
        lines += try section(.training, "Training", run) {
            try TrainingReport(run: run, connection: connection).lines()
        }
        lines += try section(.resources, "Resources", run) {
            try ResourceReport(run: run, connection: connection).lines()
        }
        return lines.joined(separator: "\n")
    }

    private func section(
        _ relation: Relation,
        _ title: String,
        _ run: RunSummary,
        _ body: () throws -> [String]
    ) throws -> [String] {
        guard relations.contains(relation) else {
            return ["", "\(title): the database has no \(relation.rawValue)"]
        }
        guard let count = run.counts[relation], count > 0 else {
            return ["", "\(title): nothing in \(relation.rawValue)"]
        }
        let rows = count == 1 ? "1 row" : "\(Human.count(count)) rows"
        return ["", "\(title): \(rows) of \(relation.rawValue)"] + (try body())
    }

    private var list: [String] {
        guard !runs.all.isEmpty else { return ["  none"] }
        var table = TextTable([
            .text("run"), .text("status"), .text("started (UTC)"), .number("length"), .number("generation"),
            .number("training"), .number("resources"),
        ])
        for run in runs.all.prefix(Self.mostListed) {
            let counts = [Relation.generation, .training, .resources].map { Human.count(run.counts[$0] ?? 0) }
            table.add(
                [
                    run.id.map { Human.text($0, limit: 32) } ?? run.name,
                    run.status.map { Human.text($0, limit: 12) } ?? Human.nothing,
                    Human.moment(run.startedAt ?? run.span?.lowerBound),
                    run.span.map { Human.duration($0.upperBound - $0.lowerBound) } ?? Human.nothing,
                ] + counts
            )
        }
        var lines = table.lines
        let hidden = runs.all.count - Self.mostListed
        if hidden > 0 { lines.append("  … and \(Human.count(hidden)) older ones") }
        if runs.all.count > Self.mostRuns {
            lines.append("  The newest \(Self.mostRuns) are analysed below; --run R shows any other.")
        }
        return lines
    }

    private func span(_ spans: [ClosedRange<Double>]) -> String {
        guard let first = spans.map(\.lowerBound).min(), let last = spans.map(\.upperBound).max() else {
            return "nothing recorded"
        }
        return "\(Human.moment(first)) to \(Human.moment(last)) UTC (\(Human.duration(last - first)))"
    }
}
