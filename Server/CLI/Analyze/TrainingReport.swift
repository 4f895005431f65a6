/// How the metrics of a run's training went.
struct TrainingReport {
    private static let mostListed = 60
    private static let mostDetailed = 30

    let run: RunSummary
    let connection: Connection

    func lines() throws -> [String] {
        let (metrics, hidden) = try metrics()
        var lines = overview(metrics)
        if hidden > 0 { lines.append("  … and \(Human.count(hidden)) more metrics") }
        lines += nonFinite(metrics)
        let detailed = metrics.filter(\.hasDetail).sorted { $0.isLoss && !$1.isLoss }
        for metric in detailed.prefix(Self.mostDetailed) { lines += metric.detail }
        if detailed.count > Self.mostDetailed {
            lines += ["", "  … rounds and epochs of \(detailed.count - Self.mostDetailed) more metrics are not shown"]
        }
        return lines
    }

    /// The first metrics by name, losses before others when there are too many, and how many more there are.
    func metrics() throws -> (shown: [TrainingMetric], hidden: Int) {
        let names = try connection.rows(
            """
            SELECT metric_name, instr(lower(metric_name), 'loss') > 0 FROM training_metrics WHERE run_id IS ?
            GROUP BY metric_name ORDER BY 2 DESC, 1
            """,
            [run.id]
        ) { $0.optionalString(0) }
        let shown = Set(names.prefix(Self.mostListed))
        var metrics: [TrainingMetric] = []
        // One sort of all rows, in which each metric's rows stand together.
        _ = try connection.rows(
            """
            SELECT metric_name, round_number, epoch_number, phase, timestamp, metric_value,
                \(Relation.isFinite("metric_value")), non_finite
            FROM training_metrics WHERE run_id IS ? ORDER BY metric_name, round_number, epoch_number, timestamp, id
            """,
            [run.id]
        ) { row in
            let name = row.optionalString(0)
            guard shown.contains(name) else { return }
            if metrics.last?.id != name || metrics.isEmpty {
                metrics.last?.close()
                metrics.append(TrainingMetric(name))
            }
            metrics.last?.add(row)
        }
        metrics.last?.close()
        return (metrics, names.count - shown.count)
    }

    private func overview(_ metrics: [TrainingMetric]) -> [String] {
        var table = TextTable([
            .text("metric"), .number("values"), .number("first"), .number("last"), .number("min"), .number("max"),
            .number("mean"), .number("non-finite"),
        ])
        for metric in metrics {
            let spread = metric.all
            table.add([metric.name, Human.count(spread.count)] + TrainingMetric.numbers(spread))
        }
        return table.lines
    }

    private func nonFinite(_ metrics: [TrainingMetric]) -> [String] {
        let affected = metrics.filter { $0.all.nonFiniteCount > 0 }
        guard !affected.isEmpty else { return ["  All values are finite."] }
        let total = affected.reduce(0) { $0 + $1.all.nonFiniteCount }
        return ["  Values that are not finite: \(Human.count(total))"]
            + affected.map { "    \($0.name): \($0.all.nonFiniteText)" }
    }
}
