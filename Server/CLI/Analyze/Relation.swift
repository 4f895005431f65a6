/// The tables or views that hold metrics.
enum Relation: String, CaseIterable {
    case resources = "resource_metrics"
    case generation = "generation_metrics"
    case training = "training_metrics"

    static let list = allCases.map(\.rawValue).joined(separator: ", ")

    /// Those that the database has.
    static func present(_ connection: Connection) throws -> Set<Relation> {
        let names = try connection.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')") {
            $0.string(0)
        }
        return Set(names.compactMap(Relation.init))
    }

    /// SQL for when a row's event began.
    var beginning: String {
        self == .generation ? "timestamp - coalesce(\(Self.finite("duration_seconds")), 0)" : "timestamp"
    }

    /// SQL for a column's value if it is a finite number, else NULL.
    static func finite(_ column: String) -> String { "CASE WHEN \(isFinite(column)) THEN \(column) END" }

    /// SQL for whether a column's value is a finite number: text and blobs are greater than any number, and NULL is
    /// neither.
    static func isFinite(_ column: String) -> String { "(\(column) > -9e999 AND \(column) < 9e999)" }
}
