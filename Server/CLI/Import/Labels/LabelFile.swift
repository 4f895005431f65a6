import Foundation

/// A file of labels by image, read from front to back.
struct LabelFile {
    struct Row: Sendable, Equatable {
        var filename: String
        var studyID: String?
        var frameNumber: Int64?
        /// Label to 0 or 1.
        var labels: [String: Int] = [:]
    }

    /// What is wrong with the file, as the end of a sentence that begins with its path.
    struct Problem: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    private enum Format: String {
        case csv, jsonl, ndjson, json

        func parser(_ labels: Set<String>) -> any LabelRows {
            switch self {
            case .csv: CSVLabelRows(labels: labels)
            case .jsonl, .ndjson: JSONLinesLabelRows(labels: labels)
            case .json: COCOLabelRows(labels: labels)
            }
        }
    }

    private static let pieceBytes = 1 << 20

    /// The server's labels, set before rows are read: a column of such a name holds nothing but labels.
    var labels: Set<String> = []

    /// The bytes of the file, and how many of them were read.
    let size: Int
    private(set) var position = 0
    private let path: String
    private let handle: FileHandle
    private let format: Format
    private lazy var parser = format.parser(labels)
    private var rows: ArraySlice<Row> = []
    private var isAtEnd = false

    /// What is known of the file's columns so far.
    var columns: LabelColumns { mutating get { parser.columns } }

    init(_ path: String) throws {
        self.path = path
        guard unsafe access(path, R_OK) == 0, let handle = FileHandle(forReadingAtPath: path),
            let size = try? handle.seekToEnd()
        else {
            let reason = unsafe String(cString: strerror(errno))
            throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be read: \(reason)")
        }
        self.handle = handle
        self.size = Int(size)
        guard let format = Format(rawValue: URL(fileURLWithPath: path).pathExtension.lowercased()) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) is neither .csv, .jsonl nor .json")
        }
        self.format = format
        try handle.seek(toOffset: 0)
    }

    /// The next rows, at most `count`; none at the end.
    mutating func next(_ count: Int) throws -> [Row] {
        do {
            while rows.count < count, !isAtEnd {
                let piece = [UInt8](try handle.read(upToCount: Self.pieceBytes) ?? Data())
                position += piece.count
                isAtEnd = piece.isEmpty
                rows += try isAtEnd ? parser.end() : parser.rows(piece)
                // The first line of CSV says it; of the others the last row may be the first with a label.
                if isAtEnd || format == .csv && !rows.isEmpty { try demandLabels() }
            }
        } catch let problem as Problem {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) \(problem.description)")
        }
        let taken = Array(rows.prefix(count))
        rows = rows.dropFirst(count)
        return taken
    }

    private mutating func demandLabels() throws {
        guard columns.known.isEmpty else { return }
        let (known, found) = (labels, columns.unknown.union(columns.others))
        throw Problem(
            "has none of the server's labels, \(LabelColumns.list(known))\(found.isEmpty ? "" : ", but \(LabelColumns.list(found))")"
        )
    }
}

/// Makes rows of a file's bytes, which come in pieces.
protocol LabelRows: Sendable {
    var columns: LabelColumns { get }
    mutating func rows(_ piece: [UInt8]) throws -> [LabelFile.Row]
    /// What the end of the file completes.
    mutating func end() throws -> [LabelFile.Row]
}
