import NIOCore
import Wire

/// The schema keys, and how they part metadata into a location and version keys.
struct VariableKeys: Sendable {
    /// In their order; empty until they are declared.
    let keys: [VariablesSchema.Key]

    static func read(_ connection: Connection) throws -> VariableKeys {
        VariableKeys(
            keys: try connection.rows("SELECT name, type FROM variable_keys ORDER BY position") { row in
                VariablesSchema.Key(name: row.string(0), type: .init(rawValue: row.string(1)) ?? .string)
            }
        )
    }

    /// Declares the keys, once.
    static func declare(_ keys: [VariablesSchema.Key], _ connection: Connection) throws {
        let known = try read(connection).keys
        guard known.isEmpty else {
            guard known == keys else {
                let words = known.map { "\($0.name):\($0.type.rawValue)" }.joined(separator: ",")
                throw WireError(
                    "schema_declared",
                    "the schema keys are \(words); they are declared once for a database"
                )
            }
            return
        }
        guard !keys.isEmpty, keys.count <= 64, Set(keys.map(\.name)).count == keys.count else {
            throw WireError.invalidParams("params.keys: 1 to 64 keys with different names")
        }
        for (position, key) in keys.enumerated() {
            guard (1...128).contains(key.name.utf8.count) else {
                throw WireError.invalidParams("params.keys[\(position)]: a name has 1 to 128 bytes")
            }
            try connection.execute(
                "INSERT INTO variable_keys (position, name, type) VALUES (?, ?, ?)",
                position,
                key.name,
                key.type.rawValue
            )
        }
    }

    /// Metadata, parted.
    struct Address: Sendable {
        let location: [String: JSONValue]
        let versionKeys: [String: JSONValue]

        var metadata: [String: JSONValue] { location.merging(versionKeys) { $1 } }

        /// The location as it is stored: JSON with sorted keys.
        var text: String { get throws { try Self.text(location) } }

        static func text(_ members: [String: JSONValue]) throws -> String {
            String(buffer: try JSONCoding.encode(members))
        }
    }

    func address(of metadata: [String: JSONValue]) throws -> Address {
        var location: [String: JSONValue] = [:]
        var versionKeys: [String: JSONValue] = [:]
        for (name, value) in metadata {
            guard (1...128).contains(name.utf8.count) else {
                throw WireError.invalidParams("metadata: a key has 1 to 128 bytes")
            }
            let key = keys.first { $0.name == name }
            let value = try Self.checked(value, name, key?.type)
            if keys.isEmpty || key != nil { location[name] = value } else { versionKeys[name] = value }
        }
        return Address(location: location, versionKeys: versionKeys)
    }

    private static func checked(
        _ value: JSONValue,
        _ name: String,
        _ type: VariablesSchema.Key.Kind?
    ) throws -> JSONValue {
        switch (value, type) {
        case (.string, nil), (.string, .string), (.integer, nil), (.integer, .integer), (.integer, .number),
            (.bool, nil):
            return value
        case (.number(let number), nil), (.number(let number), .number):
            guard number.isFinite else { throw WireError.invalidParams("metadata.\(name) is not finite") }
            // JSON does not tell 1 from 1.0.
            return Int64(exactly: number).map { .integer($0) } ?? value
        case (.number(let number), .integer):
            guard let integer = Int64(exactly: number) else {
                throw WireError.invalidParams("metadata.\(name) is \(number); the schema key is an integer")
            }
            return .integer(integer)
        case (_, let type?):
            throw WireError.invalidParams("metadata.\(name) is no \(type.rawValue), which the schema key is")
        default: throw WireError.invalidParams("metadata.\(name) must be a string, a number, true or false")
        }
    }
}
