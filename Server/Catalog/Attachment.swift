import NIOCore
import Wire

/// What users attach to rows: bounded, because it is sent with every list that has the row.
enum Attachment {
    /// A value as JSON text.
    static func json(_ value: (some Encodable)?, _ name: String, atMost limit: Int) throws -> String? {
        guard let value else { return nil }
        let text = String(buffer: try JSONCoding.encode(value))
        guard text.utf8.count <= limit else {
            throw WireError.invalidParams(
                "\(name) takes \(text.utf8.count) bytes as JSON, at most \(limit) are possible; put large things into arrays"
            )
        }
        return text
    }

    /// Throws where a name is longer than one.
    static func check(_ name: String?, _ field: String) throws {
        guard name?.utf8.count ?? 0 <= 512 else { throw WireError.invalidParams("\(field) has more than 512 bytes") }
    }
}
