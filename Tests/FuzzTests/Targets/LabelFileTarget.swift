@testable import Server

/// Files of labels: the rows are the same in whichever pieces a file is read, and what is wrong is said as a problem.
///
/// An input is a byte for the format and the size of the pieces, then the file.
struct LabelFileTarget: FuzzTarget {
    static let name = "labels"
    static let rounds = 2000
    private let labels: Set = ["tool", "view"]

    init() {}

    func run(_ bytes: [UInt8]) throws {
        guard let choice = bytes.first else { return }
        let file = Array(bytes.dropFirst())
        let whole = try rows(of: file, choice, inPiecesOf: max(1, file.count))
        // A byte order mark is not cut: pieces are large, except for the last.
        let pieces = try rows(of: file, choice, inPiecesOf: 3 + Int(choice / 3))
        try demand(
            whole == pieces,
            "in one piece: \(String(describing: whole)), in several: \(String(describing: pieces))"
        )
        for row in whole ?? [] where choice % 3 < 2 {
            try demand(row.labels.values.allSatisfy { $0 == 0 || $0 == 1 }, "\(row) is neither yes nor no")
        }
    }

    /// nil where the file has a problem.
    private func rows(of file: [UInt8], _ choice: UInt8, inPiecesOf size: Int) throws -> [LabelFile.Row]? {
        let parsers: [any LabelRows] = [
            CSVLabelRows(labels: labels), JSONLinesLabelRows(labels: labels), COCOLabelRows(labels: labels),
        ]
        var parser = parsers[Int(choice) % 3]
        var rows: [LabelFile.Row] = []
        do {
            for start in stride(from: 0, to: file.count, by: size) {
                rows += try parser.rows(Array(file[start..<min(start + size, file.count)]))
            }
            return rows + (try parser.end())
        } catch let problem as LabelFile.Problem {
            try demand(!problem.description.isEmpty, "a problem without words")
            return nil
        }
    }
}
