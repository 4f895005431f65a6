public import Wire

extension VariableValue {
    /// The array, its bytes and shape as they were saved.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` for anything else.
    public func array() throws -> ArrayValue {
        guard case .array(let array) = self else { throw isNot("an array") }
        return array
    }

    /// The elements of an array of numbers in C order.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` for anything else.
    public func numbers() throws -> [Double] {
        guard let numbers = try array().doubles() else { throw isNot("an array of numbers") }
        return numbers
    }

    /// The table.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` for anything else.
    public func table() throws -> Table {
        guard case .table(let columns) = self else { throw isNot("a table") }
        return try Table(columns)
    }

    func isNot(_ expected: String) -> HoldfastError {
        let found =
            switch self {
            case .array(let array): "an array \(array.dtype.rawValue)\(array.shape)"
            case .pieces(let array): "an array \(array.dtype.rawValue)\(array.shape) in pieces"
            case .table(let columns): "a table of \(columns.count) columns"
            case .json: "JSON"
            }
        return HoldfastError(.invalidValue, "the value is \(found), not \(expected)")
    }
}
