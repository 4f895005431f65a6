/// What a column of a file of labels is.
enum LabelColumn {
    case filename
    case studyID
    case frameNumber
    /// - Parameters:
    ///   - title: What the column is called.
    ///   - isSure: Whether it is known to be a label: other columns may be anything.
    case label(String, title: String, isSure: Bool)
    case passedOver

    /// - Parameter labels: Labels that there are.
    init(_ name: String, _ labels: Set<String>) {
        switch name {
        case "filename": self = .filename
        case "study_id": self = .studyID
        case "frame_number": self = .frameNumber
        case "id", "split", "thumbnail_path", "frame_ref", "outcome": self = .passedOver
        case _ where name.hasSuffix("_at") || name.hasPrefix("confidence_"): self = .passedOver
        case _ where name.hasPrefix("has_"): self = .label(String(name.dropFirst(4)), title: name, isSure: true)
        default: self = .label(name, title: name, isSure: labels.contains(name))
        }
    }

    /// Puts a value into a row.
    func set(_ text: String, _ row: inout LabelFile.Row, line: Int) throws {
        switch self {
        case .filename, .passedOver: break
        case .studyID: row.studyID = text
        case .frameNumber: row.frameNumber = Int64(text)
        case .label(let name, let title, let isSure):
            switch text {
            case "1", "1.0", "true", "True": row.labels[name] = 1
            case "0", "0.0", "false", "False": row.labels[name] = 0
            case _ where isSure:
                throw LabelFile.Problem(
                    "line \(line): \(title) is \"\(text.prefix(40))\"; a label is 0, 1 or empty"
                )
            default: break
            }
        }
    }
}

struct CSVLabelRows: LabelRows {
    let labels: Set<String>
    private var records = CSVRecords()
    private var columns: [LabelColumn] = []
    private var place = 0
    private var line = 1
    private var isStart = true

    init(labels: Set<String>) { self.labels = labels }

    mutating func rows(_ piece: [UInt8]) throws -> [LabelFile.Row] {
        let hasMark = isStart && piece.starts(with: [0xEF, 0xBB, 0xBF])
        isStart = false
        records.append(hasMark ? Array(piece.dropFirst(3)) : piece)
        return try complete()
    }

    mutating func end() throws -> [LabelFile.Row] {
        guard records.end() else { throw LabelFile.Problem("is not complete: a quoted field does not end") }
        let rows = try complete()
        guard !columns.isEmpty else { throw LabelFile.Problem("has no column \"filename\" in its first line") }
        return rows
    }

    private mutating func complete() throws -> [LabelFile.Row] {
        var records = records.take()[...]
        if columns.isEmpty, let head = records.popFirst() {
            guard let place = head.firstIndex(of: "filename") else {
                throw LabelFile.Problem("has no column \"filename\" in its first line")
            }
            self.place = place
            columns = head.map { LabelColumn($0, labels) }
        }
        return try records.map { record in
            line += 1
            guard record.count == columns.count else {
                throw LabelFile.Problem("line \(line) has \(record.count) fields, the first has \(columns.count)")
            }
            var row = LabelFile.Row(filename: record[place])
            for (column, text) in zip(columns, record) where !text.isEmpty { try column.set(text, &row, line: line) }
            return row
        }
    }
}
