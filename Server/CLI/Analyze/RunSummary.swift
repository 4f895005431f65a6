/// A run as the database knows it, with the number of its rows and the time that they span.
struct RunSummary {
    /// Nil: rows that belong to no run.
    let id: String?
    var status: String?
    var startedAt: Double?
    var counts: [Relation: Int] = [:]
    var span: ClosedRange<Double>?

    var name: String { id.map { Human.text($0, limit: 128) } ?? "(none)" }
    var rows: Int { counts.values.reduce(0, +) }

    /// When it began, for the order of runs.
    var beginning: Double { startedAt ?? span?.lowerBound ?? -.infinity }

    mutating func include(_ first: Double?, _ last: Double?) {
        guard let first, let last, first <= last, first.isFinite, last.isFinite else { return }
        span = min(first, span?.lowerBound ?? first)...max(last, span?.upperBound ?? last)
    }
}
