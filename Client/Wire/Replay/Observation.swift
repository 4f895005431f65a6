/// An observation: one array, or several by name.
public enum Observation: Codable, Sendable, Equatable {
    case array(ArrayValue)
    case arrays([String: ArrayValue])

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        // A dict observation may have an entry called "dtype", but then it is an object, not a string.
        let container = try decoder.container(keyedBy: AnyKey.self)
        let isArray = keys.contains("dtype") && (try? container.decode(String.self, forKey: AnyKey("dtype"))) != nil
        if isArray {
            self = .array(try ArrayValue(from: decoder))
        } else {
            self = .arrays(try [String: ArrayValue](from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let array): try array.encode(to: encoder)
        case .arrays(let arrays): try arrays.encode(to: encoder)
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ stringValue: String) { self.stringValue = stringValue }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
