/// What a variable holds: an array, a table of named columns, or JSON.
public enum VariableValue: Codable, Sendable, Equatable {
    case array(ArrayValue)
    /// An array that was uploaded in pieces.
    case pieces(PieceArray)
    case table([String: TableColumn])
    case json(JSONValue)

    private enum CodingKeys: String, CodingKey {
        case dtype
        case pieces
        case table
        case json
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if container.contains(.pieces) {
            self = .pieces(try PieceArray(from: decoder))
        } else if container.contains(.dtype) {
            self = .array(try ArrayValue(from: decoder))
        } else if container.contains(.table) {
            self = .table(try container.decode([String: TableColumn].self, forKey: .table))
        } else if container.contains(.json) {
            self = .json(try container.decode(JSONValue.self, forKey: .json))
        } else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "a value is an array, {\"table\": columns} or {\"json\": anything}"
                )
            )
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let array): try array.encode(to: encoder)
        case .pieces(let array): try array.encode(to: encoder)
        case .table(let columns):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(columns, forKey: .table)
        case .json(let value):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(value, forKey: .json)
        }
    }
}

/// A column of a table: numbers, strings, or values of any kind.
public enum TableColumn: Codable, Sendable, Equatable {
    case numbers(NumericColumn)
    case strings(StringColumn)
    case values([JSONValue])

    private enum CodingKeys: CodingKey {
        case codes
    }

    public init(from decoder: any Decoder) throws {
        if let values = try? [JSONValue](from: decoder) {
            self = .values(values)
        } else if try decoder.container(keyedBy: CodingKeys.self).contains(.codes) {
            self = .strings(try StringColumn(from: decoder))
        } else {
            self = .numbers(try NumericColumn(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .numbers(let column): try column.encode(to: encoder)
        case .strings(let column): try column.encode(to: encoder)
        case .values(let values): try values.encode(to: encoder)
        }
    }
}
