/// A column of strings: each distinct value once, and a code per row.
///
/// A code equal to the number of values means null.
public struct StringColumn: Codable, Sendable, Equatable {
    public let values: [String]
    /// `uint8`, `uint16` or `uint32` of shape (N).
    public let codes: ArrayValue

    /// The codes of N rows, checked against the values.
    public func decodedCodes(count: Int) throws(ArrayError) -> [Int] {
        guard [.uint8, .uint16, .uint32].contains(codes.dtype), codes.shape == [count], let codes = codes.integers()
        else {
            throw ArrayError(
                "codes must be uint8, uint16 or uint32 of shape [\(count)], got \(codes.dtype.rawValue)\(codes.shape)"
            )
        }
        if let row = codes.firstIndex(where: { $0 > values.count }) {
            throw ArrayError(
                "codes[\(row)] is \(codes[row]) but there are \(values.count) values (\(values.count) = null)"
            )
        }
        return codes.map { Int($0) }
    }

    /// The strings of N rows, nil for null.
    public func strings(count: Int) throws(ArrayError) -> [String?] {
        try decodedCodes(count: count).map { $0 == values.count ? nil : values[$0] }
    }

    /// The strings of N rows, dictionary-coded.
    public init(_ strings: [String?]) throws(ArrayError) {
        var codes = StringCodes()
        var rows: [UInt32?] = []
        rows.reserveCapacity(strings.count)
        for string in strings { rows.append(string.map { codes.code(of: $0) }) }
        let values = codes.values
        let null = UInt32(values.count)
        self.values = values
        self.codes = try ArrayValue(rows.map { $0 ?? null })
    }
}

/// Numbers the distinct strings of a column.
private struct StringCodes {
    private(set) var values: [String] = []
    private var codes: [String: UInt32] = [:]
    /// Of strings that are equal to another only after Unicode normalisation, and so are different values.
    private var others: [[UInt8]: UInt32] = [:]

    mutating func code(of string: String) -> UInt32 {
        guard let code = codes[string] else {
            codes[string] = UInt32(values.count)
            return add(string)
        }
        if values[Int(code)].utf8.elementsEqual(string.utf8) { return code }
        let bytes = Array(string.utf8)
        if let code = others[bytes] { return code }
        others[bytes] = UInt32(values.count)
        return add(string)
    }

    private mutating func add(_ string: String) -> UInt32 {
        values.append(string)
        return UInt32(values.count - 1)
    }
}

/// A numeric column: an array, or an array with a mask of the rows that have a value.
public struct NumericColumn: Codable, Sendable, Equatable {
    public let values: ArrayValue
    /// `bool` of shape (N); nil when every row has a value.
    public let valid: ArrayValue?

    private enum CodingKeys: String, CodingKey {
        case values
        case valid
    }

    public init(_ values: ArrayValue, valid: ArrayValue? = nil) {
        self.values = values
        self.valid = valid
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if container.contains(.values) {
            values = try container.decode(ArrayValue.self, forKey: .values)
            valid = try container.decodeIfPresent(ArrayValue.self, forKey: .valid)
        } else {
            values = try ArrayValue(from: decoder)
            valid = nil
        }
    }

    public func encode(to encoder: any Encoder) throws {
        guard let valid else { return try values.encode(to: encoder) }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(values, forKey: .values)
        try container.encode(valid, forKey: .valid)
    }

    /// Which of N rows have a value.
    public func mask(count: Int) throws(ArrayError) -> [Bool]? {
        guard let valid else { return nil }
        guard valid.shape == [count], let mask = valid.booleans() else {
            throw ArrayError("valid must be bool of shape [\(count)], got \(valid.dtype.rawValue)\(valid.shape)")
        }
        return mask
    }
}
