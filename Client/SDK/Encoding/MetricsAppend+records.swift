import Wire

extension MetricsAppend.Block {
    /// Rows of `training_metrics` as columns; a column that no record has a value for is left out.
    init(_ records: [MetricRecord]) throws(ArrayError) {
        var columns: [String: MetricsAppend.Column] = [
            "run_id": .strings(try StringColumn(records.map(\.runID))),
            "metric_name": .strings(try StringColumn(records.map(\.name))),
            "metric_value": .numbers(NumericColumn(try ArrayValue(records.map(\.value)))),
            "timestamp": .numbers(NumericColumn(try ArrayValue(records.map(\.timestamp)))),
        ]
        columns["step"] = try Self.integers(records.map(\.step))
        columns["round_number"] = try Self.integers(records.map(\.round))
        columns["epoch_number"] = try Self.integers(records.map(\.epoch))
        if records.contains(where: { $0.phase != nil }) {
            columns["phase"] = .strings(try StringColumn(records.map(\.phase)))
        }
        self.init(table: "training_metrics", count: records.count, columns: columns)
    }

    private static func integers(_ values: [Int64?]) throws(ArrayError) -> MetricsAppend.Column? {
        guard values.contains(where: { $0 != nil }) else { return nil }
        let valid = values.contains(nil) ? try ArrayValue(values.map { $0 != nil }) : nil
        return .numbers(NumericColumn(try ArrayValue(values.map { $0 ?? 0 }), valid: valid))
    }
}
