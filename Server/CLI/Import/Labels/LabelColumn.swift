/// What a column of a file of labels is.
enum LabelColumn {
    case filename
    case studyID
    case frameNumber
    case label(String, title: String)
    case passedOver

    var isPassedOver: Bool {
        if case .passedOver = self { true } else { false }
    }

    /// Puts a value into a row.
    func set(_ text: String, _ row: inout LabelFile.Row, line: Int) throws {
        switch self {
        case .filename, .passedOver: break
        case .studyID: row.studyID = text
        case .frameNumber:
            guard let number = Int64(text) else {
                throw LabelFile.Problem("line \(line): frame_number is \"\(text.prefix(40))\", not a whole number")
            }
            row.frameNumber = number
        case .label(let name, let title):
            let value: Int
            switch text {
            case "1", "1.0", "true", "True": value = 1
            case "0", "0.0", "false", "False": value = 0
            default:
                throw LabelFile.Problem(
                    "line \(line): \(title) is \"\(text.prefix(40))\"; a label is 0, 1 or empty"
                )
            }
            // A column may be named has_NAME or NAME, and a file have both.
            guard row.labels.updateValue(value, forKey: name) ?? value == value else {
                throw LabelFile.Problem("line \(line): \(name) is 0 in one column and 1 in another")
            }
        }
    }
}

/// The columns of a file of labels, of which some are labels that the server has.
struct LabelColumns: Sendable {
    private static let ofExports: Set = ["id", "split", "thumbnail_path", "frame_ref", "outcome", "snapshot_id"]

    /// The server's labels.
    let labels: Set<String>
    /// Those of them that the file has.
    private(set) var known: Set<String> = []
    /// What the file has as labels, and the server does not.
    private(set) var unknown: Set<String> = []
    /// Columns that may be anything.
    private(set) var others: Set<String> = []

    init(labels: Set<String>) { self.labels = labels }

    mutating func column(_ title: String) -> LabelColumn {
        switch title {
        case "filename": return .filename
        case "study_id": return .studyID
        case "frame_number": return .frameNumber
        case _ where Self.ofExports.contains(title): return .passedOver
        case _ where title.hasSuffix("_at") || title.hasPrefix("confidence_"): return .passedOver
        case _ where title.hasPrefix("has_"): return label(String(title.dropFirst(4)), title: title)
        case _ where labels.contains(title): return label(title, title: title)
        default:
            others.insert(title)
            return .passedOver
        }
    }

    /// Some names for a message; a file may have any number of columns.
    static func list(_ names: Set<String>) -> String {
        let (most, count) = (12, names.count)
        return names.sorted().prefix(most).joined(separator: ", ") + (count > most ? " and \(count - most) more" : "")
    }

    /// A column that holds nothing but a label.
    mutating func label(_ name: String, title: String) -> LabelColumn {
        if labels.contains(name) { known.insert(name) } else { unknown.insert(name) }
        return .label(name, title: title)
    }
}

struct CSVLabelRows: LabelRows {
    private(set) var columns: LabelColumns
    private var records = CSVRecords()
    private var head: [LabelColumn] = []
    private var place = 0
    private var line = 1
    private var isStart = true

    init(labels: Set<String>) { columns = LabelColumns(labels: labels) }

    mutating func rows(_ piece: [UInt8]) throws -> [LabelFile.Row] {
        let hasMark = isStart && piece.starts(with: [0xEF, 0xBB, 0xBF])
        isStart = false
        records.append(hasMark ? Array(piece.dropFirst(3)) : piece)
        return try complete()
    }

    mutating func end() throws -> [LabelFile.Row] {
        guard records.end() else { throw LabelFile.Problem("is not complete: a quoted field does not end") }
        let rows = try complete()
        guard !head.isEmpty else { throw Self.hasNoFilenames([]) }
        return rows
    }

    private static func hasNoFilenames(_ titles: [String]) -> LabelFile.Problem {
        let first = titles.joined(separator: ",")
        let hint = first.contains(";") || first.contains("\t") ? "; fields are separated by commas" : ""
        let found = titles.isEmpty ? "it is empty" : "that is: \(first.prefix(100))"
        return LabelFile.Problem("has no column \"filename\" in its first line (\(found))\(hint)")
    }

    private mutating func complete() throws -> [LabelFile.Row] {
        var records = self.records.take()[...]
        guard !self.records.isMangled else {
            throw LabelFile.Problem("is not in UTF-8; convert it, such as with: iconv -f LATIN1 -t UTF-8")
        }
        if head.isEmpty, let titles = records.popFirst() {
            guard let place = titles.firstIndex(of: "filename") else { throw Self.hasNoFilenames(titles) }
            self.place = place
            head = titles.map { columns.column($0) }
            let taken = zip(titles, head).filter { !$1.isPassedOver }.map(\.0)
            let twice = Dictionary(grouping: taken, by: \.self).filter { $1.count > 1 }.keys
            guard twice.isEmpty else {
                throw LabelFile.Problem("has the column \(LabelColumns.list(Set(twice))) twice")
            }
        }
        return try records.map { record in
            line += 1
            guard record.count == head.count else {
                throw LabelFile.Problem("line \(line) has \(record.count) fields, the first has \(head.count)")
            }
            var row = LabelFile.Row(filename: record[place])
            for (column, text) in zip(head, record) where !text.isEmpty { try column.set(text, &row, line: line) }
            return row
        }
    }
}
