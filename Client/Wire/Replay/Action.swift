/// The action of one step: an integer, or an array of any dtype.
public enum Action: Codable, Sendable, Equatable {
    case discrete(Int64)
    case continuous(Double)
    case array(ArrayValue)

    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.singleValueContainer() {
            if let value = try? container.decode(Int64.self) {
                self = .discrete(value)
                return
            }
            if let value = try? container.decode(Double.self) {
                self = .continuous(value)
                return
            }
        }
        do {
            self = .array(try ArrayValue(from: decoder))
        } catch DecodingError.typeMismatch(_, let context) where context.codingPath.count == decoder.codingPath.count {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription:
                        "an action is a whole number, a number or an array: {\"dtype\", \"shape\", \"base64\"}"
                )
            )
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .discrete(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .continuous(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .array(let array): try array.encode(to: encoder)
        }
    }
}
