import Wire

extension Metrics {
    private struct Key: Codable {
        let id: Int64
    }

    private static let columns = [
        "timestamp", "run_id", "metric_name", "metric_value", "round_number", "epoch_number", "step", "phase",
    ]

    /// `metrics.query`
    func query(_ parameters: MetricsQuery) async throws -> MetricsQuery.Result {
        guard parameters.table == MetricRow.table else {
            throw WireError(
                "unknown_table",
                "table \"\(parameters.table.prefix(100))\" is unknown; there is \(MetricRow.table)"
            )
        }
        let limit = try Page.limit(parameters.limit, default: 1000, maximum: 10_000)
        var (conditions, arguments) = try Self.conditions(parameters)
        if let key = try Page.key(Key.self, of: parameters.cursor) {
            conditions.append("id > ?")
            arguments.append(.integer(key.id))
        }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql = """
            SELECT id, non_finite, \(Self.columns.joined(separator: ", ")) FROM training_metrics \(filter)
            ORDER BY id LIMIT \(limit + 1)
            """
        let values = arguments
        let rows = try await catalog.read { connection in
            try connection.rows(sql, values) { (id: $0.integer(0), row: Self.row($0)) }
        }
        let last = rows.count > limit ? rows[limit - 1].id : nil
        return MetricsQuery.Result(
            rows: rows.prefix(limit).map(\.row),
            cursor: try last.map { try Page.cursor(Key(id: $0)) }
        )
    }

    private static func conditions(_ parameters: MetricsQuery) throws -> ([String], [SQLValue]) {
        var conditions: [String] = []
        var arguments: [SQLValue] = []
        if let runID = parameters.runID {
            conditions.append("run_id = ?")
            arguments.append(.text(runID))
        }
        for (column, condition) in (parameters.filters ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard columns.contains(column) else {
                throw WireError("unknown_column", "training_metrics has no column \"\(column.prefix(100))\"")
            }
            let values: [JSONValue]
            if case .array(let list) = condition { values = list } else { values = [condition] }
            guard values.count <= 1000 else {
                throw WireError.invalidParams("where.\(column) has more than 1 000 values")
            }
            let tests = try values.map { value -> String in
                guard let bound = try sqlValue(value, column) else { return "\(column) IS NULL" }
                arguments.append(bound)
                return "\(column) = ?"
            }
            conditions.append(tests.isEmpty ? "0" : "(" + tests.joined(separator: " OR ") + ")")
        }
        for (bound, comparison) in [(parameters.from, ">="), (parameters.to, "<=")] {
            guard let bound else { continue }
            conditions.append("timestamp \(comparison) ?")
            arguments.append(.real(bound))
        }
        return (conditions, arguments)
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

    private static func row(_ row: Row) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        for (index, column) in columns.enumerated() {
            switch row.value(Int32(index + 2)) {
            case .integer(let number): fields[column] = .integer(number)
            case .real(let number): fields[column] = .number(number)
            case .text(let text): fields[column] = .string(text)
            case .null, .blob: fields[column] = .null
            }
        }
        if let nonFinite = row.optionalString(1) { fields["metric_value"] = .string(nonFinite) }
        return fields
    }
}
