import NIOCore
import Wire

/// A row of `training_metrics` as it came, checked.
struct MetricRow: Sendable {
    static let table = "training_metrics"
    static let columns: Set<String> = [
        "timestamp", "run_id", "metric_name", "metric_value", "round_number", "epoch_number", "step", "phase",
    ]

    var timestamp: Double?
    var runID: String?
    var name: String
    var value: Double
    var round: Int64?
    var epoch: Int64?
    var step: Int64?
    var phase: String?

    /// Reads one row by column name.
    init(table: String, _ fields: [String: JSONValue]) throws {
        guard table == Self.table else {
            throw WireError("unknown_table", "table \"\(table.prefix(100))\" is unknown; there is \(Self.table)")
        }
        if let unknown = fields.keys.sorted().first(where: { !Self.columns.contains($0) }) {
            throw WireError("unknown_column", "\(Self.table) has no column \"\(unknown.prefix(100))\"")
        }
        guard let name = try Self.text(fields, "metric_name"), !name.isEmpty else {
            throw WireError.invalidParams("metric_name is missing")
        }
        guard let value = try Self.number(fields, "metric_value") else {
            throw WireError.invalidParams("metric_value is missing")
        }
        self.name = name
        self.value = value
        timestamp = try Self.number(fields, "timestamp")
        guard timestamp?.isFinite ?? true else { throw WireError.invalidParams("timestamp is not finite") }
        runID = try Self.text(fields, "run_id")
        if let runID { try RunID.check(runID) }
        round = try Self.integer(fields, "round_number")
        epoch = try Self.integer(fields, "epoch_number")
        step = try Self.integer(fields, "step")
        phase = try Self.text(fields, "phase")
    }

    /// Reads a row that carries its table's name; `run_id` defaults to the request's.
    init(_ row: MetricsAppend.Row, runID: String?) throws {
        guard let row = row.value else {
            throw WireError.invalidParams("the row has a number that does not fit 64 bits")
        }
        guard case .object(var fields) = row else { throw WireError.invalidParams("a row must be an object") }
        guard case .string(let table)? = fields.removeValue(forKey: "table") else {
            throw WireError.invalidParams("table is missing")
        }
        try self.init(table: table, fields)
        self.runID = self.runID ?? runID
    }

    private static func text(_ fields: [String: JSONValue], _ key: String) throws -> String? {
        switch fields[key] {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw WireError.invalidParams("\(key) must be a string")
        }
    }

    private static func number(_ fields: [String: JSONValue], _ key: String) throws -> Double? {
        switch fields[key] {
        case nil, .null: return nil
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        default: throw WireError.invalidParams("\(key) must be a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
        }
    }

    private static func integer(_ fields: [String: JSONValue], _ key: String) throws -> Int64? {
        // Not by way of a double, which has no room for large integers.
        if case .integer(let integer)? = fields[key] { return integer }
        guard let value = try number(fields, key) else { return nil }
        guard let integer = Int64(exactly: value) else { throw WireError.invalidParams("\(key) must be an integer") }
        return integer
    }
}
