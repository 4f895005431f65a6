/// Rows of texts in aligned columns.
struct TextTable {
    /// A column's title and the side that its texts lean on.
    struct Column {
        let title: String
        let isNumber: Bool

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    private static let indent = "  "
    private static let gap = "  "

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// A title, a rule and the rows; columns in which nothing stands are left out.
    var lines: [String] {
        let used = columns.indices.filter { column in
            rows.contains { $0[column] != Human.nothing } || rows.isEmpty
        }
        let widths = columns.indices.map { column in
            max(columns[column].title.count, rows.map { Human.width($0[column]) }.max() ?? 0)
        }
        func line(_ texts: [String]) -> String {
            let cells = used.map { column in
                let padding = String(repeating: " ", count: widths[column] - Human.width(texts[column]))
                return columns[column].isNumber ? padding + texts[column] : texts[column] + padding
            }
            let text = Self.indent + cells.joined(separator: Self.gap)
            return text.lastIndex { $0 != " " }.map { String(text[...$0]) } ?? ""
        }
        let rule = Self.indent + used.map { String(repeating: "─", count: widths[$0]) }.joined(separator: Self.gap)
        return [line(columns.map(\.title)), rule] + rows.map(line)
    }
}
