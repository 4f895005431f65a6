import NIOCore
import Wire

/// Locations as columns.
struct LocationTable: Sendable {
    /// A key's values: each distinct one once with its JSON, and which one each row has; none: null.
    private struct Column: Sendable {
        let name: String
        let nameText: String
        var values: [JSONValue] = []
        var texts: [String] = []
        var rows: [Int?] = []

        mutating func add(_ all: [JSONValue?]) {
            var places: [JSONValue: Int] = [:]
            rows = all.map { value in
                guard let value else { return nil }
                if let place = places[value] { return place }
                places[value] = values.count
                values.append(value)
                return values.count - 1
            }
        }
    }

    let count: Int
    /// In the order of the keys in a location's text.
    private let columns: [Column]

    var names: [String] { columns.map(\.name) }

    init(_ columns: [String: TableColumn]) throws {
        try StoredValue.check(.table(columns))
        self.columns = try columns.map { try Self.column($0, $1) }.sorted { one, other in
            // The encoder's own order of keys, whatever it goes by.
            let both = String(buffer: try JSONCoding.encode([one.name: 0, other.name: 0]))
            return one.name != other.name && both.hasPrefix("{\(one.nameText):")
        }
        count = self.columns.first?.rows.count ?? 0
    }

    /// The location as it is stored: JSON with sorted keys.
    func text(_ row: Int) throws -> String {
        var text = "{"
        for column in columns {
            guard let place = column.rows[row] else { continue }
            if text.utf8.count > 1 { text += "," }
            text += column.nameText
            text += ":"
            text += column.texts[place]
        }
        return text + "}"
    }

    func values(_ row: Int) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for column in columns { column.rows[row].map { values[column.name] = column.values[$0] } }
        return values
    }

    private static func column(_ name: String, _ column: TableColumn) throws -> Column {
        var made = Column(name: name, nameText: String(buffer: try JSONCoding.encode(JSONValue.string(name))))
        switch column {
        case .strings(let column):
            made.values = column.values.map { .string($0) }
            made.rows = try column.decodedCodes(count: column.codes.count).map { $0 < column.values.count ? $0 : nil }
        case .numbers(let column):
            let count = column.values.count
            let mask = try column.mask(count: count)
            let numbers: [JSONValue]
            if let booleans = column.values.booleans() {
                numbers = booleans.map { .bool($0) }
            } else if let integers = column.values.integers() {
                numbers = integers.map { .integer($0) }
            } else {
                numbers = (column.values.doubles() ?? []).map { number in
                    // JSON does not tell 1 from 1.0.
                    Int64(exactly: number).map { .integer($0) } ?? .number(number)
                }
            }
            guard column.values.shape.count == 1, numbers.count == count else {
                throw WireError.invalidParams("params.locations.\(name): a column has one dimension")
            }
            made.add((0..<count).map { mask?[$0] ?? true ? numbers[$0] : nil })
        case .values(let values): made.add(values.map { $0 == .null ? nil : $0 })
        }
        made.texts = try made.values.map { String(buffer: try JSONCoding.encode($0)) }
        return made
    }
}
