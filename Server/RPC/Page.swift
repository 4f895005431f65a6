import Foundation
import NIOCore
import Wire

/// Keyset paging: a cursor is the sort key of the last row of a page.
enum Page {
    /// The asked-for number of rows, checked.
    static func limit(_ limit: Int?, default standard: Int, maximum: Int) throws -> Int {
        guard let limit else { return standard }
        guard limit >= 1 else { throw WireError.invalidParams("params.limit is \(limit); it must be at least 1") }
        return min(limit, maximum)
    }

    static func cursor(_ key: some Encodable) throws -> String {
        let bytes = try JSONCoding.encode(key)
        return Data(bytes.readableBytesView).base64EncodedString()
    }

    static func key<Key: Decodable>(_ type: Key.Type, of cursor: String?) throws -> Key? {
        guard let cursor else { return nil }
        guard let data = Data(base64Encoded: cursor),
            let key = try? JSONCoding.decode(type, from: .init(bytes: data))
        else { throw WireError.invalidParams("params.cursor is not one that this method gave out") }
        return key
    }
}
