import Wire

/// Values of many locations, as the rows of one table.
struct StackedRows {
    private var columns: [String: [JSONValue]] = [:]
    private var count = 0

    mutating func add(_ value: VariableValue, _ metadata: Metadata) throws {
        var rows = 1
        switch value {
        case .json(let json): append(json, to: "value")
        case .array(let array): append(try Self.json(array), to: "value")
        case .pieces: throw value.isNot("whole")
        case .table:
            let table = try value.table()
            rows = table.rowCount
            for name in table.names {
                guard metadata[name] == nil else {
                    throw HoldfastError(
                        .invalidValue,
                        "both a column of the table and a key of its metadata are \"\(name)\""
                    )
                }
                for value in try table.values(name) { append(value, to: name) }
            }
        }
        for (key, value) in metadata { for _ in 0..<rows { append(value, to: key) } }
        count += rows
        for name in columns.keys { fill(name, to: count) }
    }

    /// An array without a dimension as its number, any other as the list of its numbers in C order.
    private static func json(_ array: ArrayValue) throws -> JSONValue {
        var row = Table()
        try row.set("value", try ArrayValue(dtype: array.dtype, shape: [1, array.count], bytes: array.bytes))
        guard case .array(let items)? = try row.values("value").first else { return .array([]) }
        return array.shape.isEmpty ? items.first ?? .null : .array(items)
    }

    private mutating func append(_ value: JSONValue, to name: String) {
        if columns[name] == nil { fill(name, to: count) }
        columns[name, default: []].append(value)
    }

    /// Fills a column up with missing values.
    private mutating func fill(_ name: String, to count: Int) {
        let missing = count - (columns[name]?.count ?? 0)
        if missing > 0 { columns[name, default: []] += [JSONValue](repeating: .null, count: missing) }
    }

    /// Columns in which every value is a number become arrays.
    func table() throws -> Table {
        var table = Table()
        for (name, values) in columns {
            let numbers = values.compactMap { value -> Double? in
                switch value {
                case .integer(let number): Double(number)
                case .number(let number): number
                default: nil
                }
            }
            if numbers.count == values.count { try table.set(name, numbers) } else { try table.set(name, values) }
        }
        return table
    }
}
