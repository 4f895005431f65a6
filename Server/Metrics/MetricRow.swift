import NIOCore
import Wire

/// A row of a metric table as JSON.
struct MetricRow: MetricCells {
    let table: MetricTable
    private let fields: [String: JSONValue]

    init(_ row: MetricsAppend.Row) throws {
        guard let row = row.value else {
            throw WireError.invalidParams("the row has a number that does not fit 64 bits")
        }
        guard case .object(var fields) = row else { throw WireError.invalidParams("a row must be an object") }
        guard case .string(let name)? = fields.removeValue(forKey: "table") else {
            throw WireError.invalidParams("table is missing")
        }
        table = try MetricTable(named: name)
        for column in fields.keys.sorted() { _ = try table.column(column) }
        self.fields = fields
    }

    func text(_ column: String) throws -> String? {
        switch fields[column] {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw WireError.invalidParams("\(column) must be a string")
        }
    }

    func number(_ column: String) throws -> Double? {
        switch fields[column] {
        case nil, .null: return nil
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        default: throw WireError.invalidParams("\(column) must be a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
        }
    }

    func integer(_ column: String) throws -> Int64? {
        // Not by way of a double, which has no room for large integers.
        if case .integer(let integer)? = fields[column] { return integer }
        guard let value = try number(column) else { return nil }
        guard let integer = Int64(exactly: value) else { throw WireError.invalidParams("\(column) must be an integer") }
        return integer
    }
}
