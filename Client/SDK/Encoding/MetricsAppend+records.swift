import Wire

extension MetricsAppend.Block {
    /// Rows of `training_metrics` as columns; a column that no record has a value for is left out.
    init(_ records: [MetricRecord]) throws {
        self.init(
            table: "training_metrics",
            count: records.count,
            columns: try Self.columns([
                "run_id": Self.texts(records.map(\.runID)),
                "metric_name": Self.texts(records.map(\.name)),
                "metric_value": Self.numbers(records.map(\.value)),
                "timestamp": Self.numbers(records.map(\.timestamp)),
                "step": Self.integers(records.map(\.step)),
                "round_number": Self.integers(records.map(\.round)),
                "epoch_number": Self.integers(records.map(\.epoch)),
                "phase": Self.texts(records.map(\.phase)),
            ])
        )
    }

    /// Rows of `resource_metrics` as columns.
    init(_ records: [ResourceRecord]) throws {
        self.init(
            table: "resource_metrics",
            count: records.count,
            columns: try Self.columns([
                "run_id": Self.texts(records.map(\.runID)),
                "metric_type": Self.texts(records.map(\.type)),
                "metric_name": Self.texts(records.map(\.name)),
                "value": Self.numbers(records.map(\.value)),
                "unit": Self.texts(records.map(\.unit)),
                "hostname": Self.texts(records.map(\.hostname)),
                "process_id": Self.integers(records.map(\.processID)),
                "timestamp": Self.numbers(records.map(\.timestamp)),
            ])
        )
    }

    /// Rows of `generation_metrics` as columns.
    init(_ records: [GenerationRecord]) throws {
        self.init(
            table: "generation_metrics",
            count: records.count,
            columns: try Self.columns([
                "run_id": Self.texts(records.map(\.runID)),
                "operation": Self.texts(records.map(\.operation)),
                "round_number": Self.integers(records.map(\.round)),
                "chunk_number": Self.integers(records.map(\.chunk)),
                "duration_seconds": Self.numbers(records.map(\.duration)),
                "samples_generated": Self.integers(records.map(\.samples)),
                "memory_used_mb": Self.numbers(records.map(\.memory)),
                "process_id": Self.integers(records.map(\.processID)),
                "timestamp": Self.numbers(records.map(\.timestamp)),
            ])
        )
    }

    private static func columns(_ columns: [String: MetricsAppend.Column?]) -> [String: MetricsAppend.Column] {
        columns.compactMapValues(\.self)
    }

    private static func texts(_ values: [String?]) throws -> MetricsAppend.Column? {
        guard values.contains(where: { $0 != nil }) else { return nil }
        return .strings(try StringColumn(values))
    }

    private static func integers(_ values: [Int64?]) throws -> MetricsAppend.Column? {
        try column(values, absent: 0)
    }

    private static func numbers(_ values: [Double?]) throws -> MetricsAppend.Column? {
        try column(values, absent: 0)
    }

    private static func column<Number: ArrayElement>(
        _ values: [Number?],
        absent: Number
    ) throws -> MetricsAppend.Column? {
        let present = values.map { $0 != nil }
        guard present.contains(true) else { return nil }
        let valid = present.contains(false) ? try ArrayValue(present) : nil
        return .numbers(NumericColumn(try ArrayValue(values.map { $0 ?? absent }), valid: valid))
    }
}
