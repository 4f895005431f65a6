import Wire

/// Turns a column block into rows.
struct MetricBlock {
    private let block: MetricsAppend.Block
    private var strings: [String: [String?]] = [:]
    private var numbers: [String: (values: [JSONValue], valid: [Bool]?)] = [:]

    /// Checks the block's columns; one that is not as announced refuses the whole request, since its rows can't be told
    /// apart.
    init(_ block: MetricsAppend.Block) throws {
        guard (0...1_000_000).contains(block.count) else {
            throw WireError.invalidParams("columns of \(block.table): count is \(block.count), at most 1 000 000")
        }
        self.block = block
        for (name, column) in block.columns {
            do {
                switch column {
                case .strings(let column): strings[name] = try column.strings(count: block.count)
                case .numbers(let column):
                    guard column.values.shape == [block.count], let values = Self.values(column.values) else {
                        throw WireError.invalidParams(
                            "expected a numeric array of shape [\(block.count)], got \(column.values.dtype.rawValue) \(column.values.shape)"
                        )
                    }
                    numbers[name] = (values, try column.mask(count: block.count))
                }
            } catch {
                throw WireError.invalidParams("columns.\(name) of \(block.table): \(error)")
            }
        }
    }

    var count: Int { block.count }

    /// The numbers of an array, integers as such where they fit.
    private static func values(_ array: ArrayValue) -> [JSONValue]? {
        array.integers()?.map { .integer($0) } ?? array.doubles()?.map { .number($0) }
    }

    func row(_ index: Int, runID: String?) throws -> MetricRow {
        var fields: [String: JSONValue] = [:]
        for (name, column) in strings { fields[name] = column[index].map { .string($0) } ?? .null }
        for (name, column) in numbers {
            fields[name] = column.valid?[index] ?? true ? column.values[index] : .null
        }
        var row = try MetricRow(table: block.table, fields)
        row.runID = row.runID ?? runID
        return row
    }
}
