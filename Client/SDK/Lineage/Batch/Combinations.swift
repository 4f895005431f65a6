public import Wire

/// The locations that a batch goes over.
public enum Combinations: Sendable {
    /// These.
    case these([Metadata])
    /// Those at which inputs are: the combinations of these keys, or without keys of all that the inputs have.
    case existing([String])

    /// Each value of a key with each of the others: `.product(["subject": [1, 2], "session": ["A", "B"]])`.
    public static func product(_ keys: KeyValuePairs<String, [JSONValue]>) -> Combinations {
        .these(
            keys.reduce([[:]]) { locations, key in
                locations.flatMap { location in key.value.map { location.merging([key.key: $0]) { $1 } } }
            }
        )
    }

    /// The first value of each key, then the second of each.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` where they are not equally many.
    public static func zip(_ keys: KeyValuePairs<String, [JSONValue]>) throws -> Combinations {
        let count = keys.first?.value.count ?? 0
        guard keys.allSatisfy({ $0.value.count == count }) else {
            let sizes = keys.map { "\($0.key) \($0.value.count)" }.joined(separator: ", ")
            throw HoldfastError(.invalidValue, "zip needs as many values of each key: \(sizes)")
        }
        return .these((0..<count).map { place in keys.reduce(into: [:]) { $0[$1.key] = $1.value[place] } })
    }

    /// Those at which inputs are that are not fixed.
    public static func existing(_ keys: String...) -> Combinations { .existing(keys) }
}
