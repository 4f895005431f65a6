import NIOCore
import Wire

/// What users attach to rows: bounded, because it is sent with every list that has the row.
enum Attachment {
    /// Any JSON as text.
    static func json(_ value: JSONValue?, _ name: String, atMost limit: Int) throws -> String? {
        guard let value else { return nil }
        try checkHasNoArray(value, name)
        return try text(value, name, atMost: limit)
    }

    /// A value as JSON text.
    static func text(_ value: some Encodable, _ name: String, atMost limit: Int) throws -> String {
        let text = String(buffer: try JSONCoding.encode(value))
        guard text.utf8.count <= limit else {
            throw WireError.invalidParams(
                "\(name) takes \(text.utf8.count) bytes as JSON, at most \(limit) are possible; put large things into arrays"
            )
        }
        return text
    }

    /// Throws where any JSON has what stands for an array in the protocol: it is kept as it is, and who gets it back would look
    /// for the array's bytes, in an answer that has none.
    static func checkHasNoArray(_ value: JSONValue, _ name: String) throws {
        guard let place = value.placeOfArray else { return }
        throw WireError.invalidParams(
            "\(name)\(place) has dtype, shape and \"attachment\" or \"base64\", as an array: any JSON has none, so send it as a list"
        )
    }

    /// Throws where a name is longer than one.
    static func check(_ name: String?, _ field: String) throws {
        guard name?.utf8.count ?? 0 <= 512 else { throw WireError.invalidParams("\(field) has more than 512 bytes") }
    }
}

extension JSONValue {
    /// Where in it an array is, such as `.space.low` or `[2]`; nil if nowhere.
    fileprivate var placeOfArray: String? {
        switch self {
        case .object(let members):
            let names = Set(members.keys)
            if names.isSuperset(of: ["dtype", "shape"]), !names.isDisjoint(with: ["attachment", "base64"]) {
                return ""
            }
            return members.lazy.compactMap { name, value in value.placeOfArray.map { ".\(name)\($0)" } }.first
        case .array(let values):
            return values.enumerated().lazy.compactMap { index, value in value.placeOfArray.map { "[\(index)]\($0)" } }
                .first
        case .null, .bool, .integer, .number, .string: return nil
        }
    }
}
