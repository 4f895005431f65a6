public import Wire

/// Equally long columns by name, of mixed types, in which values may be missing.
///
/// ```swift
/// var table = Table()
/// try table.set("force", [1.5, 2, 2.5])            // numbers
/// try table.set("label", ["rest", nil, "grip"])    // strings, one of which is missing
/// table.optionalStrings("label")
/// ```
///
/// Numbers without a missing one are kept as arrays of their type (NaN stays NaN); everything else as JSON, in the form that
/// the Python client gives a DataFrame, so that equal tables have equal hashes.
public struct Table: Sendable, Equatable {
    private var columns: [String: TableColumn] = [:]
    /// How many rows each column has.
    public private(set) var rowCount = 0

    public init() {}

    init(_ columns: [String: TableColumn]) throws {
        for (name, column) in columns.sorted(by: { $0.key < $1.key }) { try set(name, column) }
    }

    /// The columns' names, sorted.
    public var names: [String] { columns.keys.sorted() }

    /// As it is saved.
    public var value: VariableValue { .table(columns) }

    /// Sets a column of numbers: an array, whose first dimension is the rows.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` where other columns have another number of rows.
    public mutating func set(_ name: String, _ array: ArrayValue) throws {
        try set(name, .numbers(NumericColumn(array)))
    }

    public mutating func set<Element: ArrayElement>(_ name: String, _ numbers: [Element]) throws {
        try set(name, try ArrayValue(numbers))
    }

    public mutating func set(_ name: String, _ flags: [Bool]) throws { try set(name, try ArrayValue(flags)) }

    public mutating func set(_ name: String, _ strings: [String]) throws {
        try set(name, .values(strings.map { .string($0) }))
    }

    /// Sets a column of numbers of which some are missing.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` as above, and for a number that is not finite: beside missing ones it
    ///   can't be told from them.
    public mutating func set(_ name: String, _ numbers: [Double?]) throws {
        let there = numbers.compactMap(\.self)
        if there.count == numbers.count { return try set(name, there) }
        guard there.allSatisfy(\.isFinite) else {
            throw HoldfastError(
                .invalidValue,
                "column \(name) has missing values and NaN or infinities; make these missing, too, or the missing NaN"
            )
        }
        try set(name, .values(numbers.map { $0.map { .number($0) } ?? .null }))
    }

    /// Sets a column of strings of which some are missing.
    public mutating func set(_ name: String, _ strings: [String?]) throws {
        try set(name, .values(strings.map { $0.map { .string($0) } ?? .null }))
    }

    /// Sets a column of any values.
    public mutating func set(_ name: String, _ values: [JSONValue]) throws { try set(name, .values(values)) }

    private mutating func set(_ name: String, _ column: TableColumn) throws {
        let count: Int
        switch column {
        case .numbers(let numbers):
            guard let rows = numbers.values.shape.first else {
                throw HoldfastError(.invalidValue, "column \(name) has no dimension; a column has at least one")
            }
            count = rows
        case .strings(let strings): count = strings.codes.count
        case .values(let values): count = values.count
        }
        guard columns.keys.allSatisfy({ $0 == name }) || count == rowCount else {
            throw HoldfastError(.invalidValue, "column \(name) has \(count) rows, the table \(rowCount)")
        }
        rowCount = count
        columns[name] = column
    }

    /// A column without missing numbers, as it was saved.
    public func array(_ name: String) throws -> ArrayValue {
        guard case .numbers(let column) = try column(name), column.valid == nil else {
            throw HoldfastError(.invalidValue, "column \(name) has values that are missing or no numbers")
        }
        return column.values
    }

    /// A column's numbers in C order; bools are 0 and 1.
    public func doubles(_ name: String) throws -> [Double] {
        let array = try array(name)
        return array.doubles() ?? array.integers()?.map { Double($0) } ?? []
    }

    /// A column's numbers, nil where one is missing.
    public func optionalDoubles(_ name: String) throws -> [Double?] {
        if case .numbers(let column) = try column(name), column.valid == nil { return try doubles(name).map { $0 } }
        return try values(name).map { value in
            switch value {
            case .null: nil
            case .integer(let number): Double(number)
            case .number(let number): number
            default: throw HoldfastError(.invalidValue, "column \(name) has values that are no numbers")
            }
        }
    }

    /// A column's strings.
    public func strings(_ name: String) throws -> [String] {
        try optionalStrings(name).map { string in
            guard let string else { throw HoldfastError(.invalidValue, "column \(name) has values that are missing") }
            return string
        }
    }

    /// A column's strings, nil where one is missing.
    public func optionalStrings(_ name: String) throws -> [String?] {
        try values(name).map { value in
            switch value {
            case .null: nil
            case .string(let string): string
            default: throw HoldfastError(.invalidValue, "column \(name) has values that are no strings")
            }
        }
    }

    /// A column's values of any kind, null where one is missing. A row of a column of more dimensions is flat.
    public func values(_ name: String) throws -> [JSONValue] {
        switch try column(name) {
        case .values(let values): return values
        case .strings(let column):
            return try column.strings(count: column.codes.count).map { $0.map { .string($0) } ?? .null }
        case .numbers(let column):
            let rows = try column.values.rowsAsJSON()
            let mask = try column.mask(count: rows.count)
            return rows.enumerated().map { mask?[$0] ?? true ? $1 : .null }
        }
    }

    private func column(_ name: String) throws -> TableColumn {
        guard let column = columns[name] else {
            throw HoldfastError(
                .invalidValue,
                "the table has no column \(name); it has \(names.joined(separator: ", "))"
            )
        }
        return column
    }

    /// The columns of these names alone.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` where one isn't there.
    public func select(_ names: [String]) throws -> Table {
        try Table(Dictionary(uniqueKeysWithValues: names.map { ($0, try column($0)) }))
    }
}

extension ArrayValue {
    /// Each row along the first dimension: a number, or a list of the row's numbers in C order.
    fileprivate func rowsAsJSON() throws -> [JSONValue] {
        let flat: [JSONValue] =
            if let booleans = booleans() {
                booleans.map { .bool($0) }
            } else if let integers = integers() {
                integers.map { .integer($0) }
            } else {
                (doubles() ?? []).map { .number($0) }
            }
        guard shape.count > 1, let rows = shape.first, rows > 0 else { return flat }
        let width = flat.count / rows
        return (0..<rows).map { .array(Array(flat[($0 * width)..<(($0 + 1) * width)])) }
    }
}

extension Table: ThunkArgument {
    public var argumentValue: Table { self }

    public var argumentForm: ArgumentForm { get throws { .content(try Digest(content: value).hex, .inline) } }
}

extension ArrayValue: ThunkArgument {
    public var argumentValue: ArrayValue { self }

    public var argumentForm: ArgumentForm {
        get throws { .content(try Digest(content: .array(self)).hex, .inline) }
    }
}
