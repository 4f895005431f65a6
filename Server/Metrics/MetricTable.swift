import Wire

/// The tables of metrics, as other programs see them.
enum MetricTable: String, Sendable, CaseIterable {
    case resource = "resource_metrics"
    case generation = "generation_metrics"
    case training = "training_metrics"

    /// What a column holds.
    enum Kind: Sendable {
        case text
        case number
        case integer
    }

    struct Column: Sendable {
        let name: String
        let kind: Kind
        /// Whether it is the same for all points of a series.
        var isKey = false
    }

    init(named name: String) throws {
        guard let table = MetricTable(rawValue: name) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw WireError("unknown_table", "table \"\(name.prefix(100))\" is unknown; there are \(known)")
        }
        self = table
    }

    /// The columns that a row may give, in the order of the table.
    var columns: [Column] {
        switch self {
        case .resource:
            [
                Column(name: "timestamp", kind: .number), Column(name: "run_id", kind: .text, isKey: true),
                Column(name: "metric_type", kind: .text, isKey: true),
                Column(name: "metric_name", kind: .text, isKey: true), Column(name: "value", kind: .number),
                Column(name: "unit", kind: .text, isKey: true), Column(name: "hostname", kind: .text, isKey: true),
                Column(name: "process_id", kind: .integer, isKey: true),
            ]
        case .generation:
            [
                Column(name: "timestamp", kind: .number), Column(name: "run_id", kind: .text),
                Column(name: "operation", kind: .text), Column(name: "round_number", kind: .integer),
                Column(name: "chunk_number", kind: .integer), Column(name: "duration_seconds", kind: .number),
                Column(name: "samples_generated", kind: .integer), Column(name: "memory_used_mb", kind: .number),
                Column(name: "process_id", kind: .integer),
            ]
        case .training:
            [
                Column(name: "timestamp", kind: .number), Column(name: "run_id", kind: .text, isKey: true),
                Column(name: "metric_name", kind: .text, isKey: true), Column(name: "metric_value", kind: .number),
                Column(name: "round_number", kind: .integer), Column(name: "epoch_number", kind: .integer),
                Column(name: "step", kind: .integer), Column(name: "phase", kind: .text, isKey: true),
            ]
        }
    }

    /// The column whose values that are not finite are told by `non_finite`.
    var valueColumn: String {
        switch self {
        case .resource: "value"
        case .generation: "duration_seconds"
        case .training: "metric_value"
        }
    }

    /// The column that names what was measured.
    var nameColumn: String { self == .generation ? "operation" : "metric_name" }

    /// The table behind the view that has the points of all series; nil for the table that is one itself.
    var points: String? {
        switch self {
        case .resource: "resource_points"
        case .generation: nil
        case .training: "training_points"
        }
    }

    func column(_ name: String) throws -> Column {
        guard let column = columns.first(where: { $0.name == name }) else {
            let known = columns.map(\.name).joined(separator: ", ")
            throw WireError("unknown_column", "\(rawValue) has no column \"\(name.prefix(100))\"; there are \(known)")
        }
        return column
    }
}
