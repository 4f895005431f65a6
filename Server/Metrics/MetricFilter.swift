import Wire

/// Conditions on the rows of a table: those on what names a series, and those on its points.
struct MetricFilter: Sendable {
    private static let mostValues = 1000

    /// SQL over the columns of `metric_series`.
    private(set) var series: [String] = []
    private(set) var seriesArguments: [SQLValue] = []
    /// SQL over the columns of the points.
    private(set) var points: [String] = []
    private(set) var pointArguments: [SQLValue] = []

    /// - Parameter filters: Column to value, or to a list of values.
    init(_ filters: [String: JSONValue]?, of table: MetricTable) throws {
        for (name, condition) in (filters ?? [:]).sorted(by: { $0.key < $1.key }) {
            let column = try table.column(name)
            let values: [JSONValue] = if case .array(let list) = condition { list } else { [condition] }
            guard values.count <= Self.mostValues else {
                throw WireError.invalidParams("where.\(name) has more than 1 000 values")
            }
            var arguments: [SQLValue] = []
            let tests = try values.map { value -> String in
                guard let bound = try Self.sqlValue(value, name) else { return "\(name) IS NULL" }
                arguments.append(bound)
                return "\(name) = ?"
            }
            let text = tests.isEmpty ? "0" : "(" + tests.joined(separator: " OR ") + ")"
            if column.isKey {
                series.append(text)
                seriesArguments += arguments
            } else {
                points.append(text)
                pointArguments += arguments
            }
        }
    }

    /// Adds a condition on what names a series.
    mutating func add(series text: String, _ arguments: [SQLValue]) {
        series.append(text)
        seriesArguments += arguments
    }

    /// Adds `from ≤ timestamp ≤ to`.
    mutating func add(from: Double?, to: Double?) {
        for (bound, comparison) in [(from, ">="), (to, "<=")] {
            guard let bound else { continue }
            points.append("timestamp \(comparison) ?")
            pointArguments.append(.real(bound))
        }
    }

    private static func sqlValue(_ value: JSONValue, _ column: String) throws -> SQLValue? {
        switch value {
        case .null: return nil
        case .integer(let number): return .integer(number)
        case .number(let number): return .real(number)
        case .string(let text): return .text(text)
        case .bool, .array, .object:
            throw WireError.invalidParams("where.\(column) must be a string, a number, null, or a list of them")
        }
    }
}
