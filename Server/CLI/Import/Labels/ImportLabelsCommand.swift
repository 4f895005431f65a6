import ArgumentParser
import Foundation
import Holdfast

/// `holdfast import labels`
struct ImportLabelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels",
        abstract: "Bring labels in from CSV, JSON Lines or COCO.",
        discussion: """
            CSV and JSON Lines have a row for each image: filename, then a column for each label, as has_NAME or NAME, with \
            1, 0 or nothing; study_id and frame_number are taken along, other columns are passed over, and named. Where a \
            column has_NAME is not one of the server's labels, or rows are refused, the others are brought in and the exit code is 1. COCO files are read as \
            "holdfast export labels" writes them; an annotation without a value is a 1. Images that are not there yet are \
            registered by name. Splits are computed, never imported; held-out images get no label this way.
            """
    )

    @Argument(help: "A .csv, .jsonl or .json (COCO) file.")
    var file: String
    @Option(help: "Who the labels are from.")
    var annotator = "import"
    @OptionGroup var target: ServerTarget

    func run() async throws {
        let file = try LabelFile(file)
        let annotator = annotator
        // A data directory is not made here: its labels are fixed when it is, and these would be the standard ones.
        try await target.run(doing: "importing \(self.file)") { client in
            let labels = Array(try await client.labelStats().labels.keys)
            var file = file
            file.labels = Set(labels)
            return try await LabelUpload(client: client, labels: labels, annotator: annotator).send(file)
        }
    }
}

/// Sends the rows of a file, reading on while the server writes.
struct LabelUpload {
    private static let batchRows = LabelsImport.mostRows
    /// So many requests let the server read one while it writes another, with a third on its way.
    private static let mostPending = 3

    let client: HoldfastClient
    let labels: [String]
    let annotator: String

    /// Sends all rows and says what became of them.
    func send(_ file: LabelFile) async throws -> String {
        var (file, sum) = (file, LabelsImport.Result())
        var progress = ProgressBar("bytes", total: file.size)
        var pending: [Task<LabelsImport.Result, any Error>] = []
        defer { for task in pending { task.cancel() } }
        while true {
            let position = file.position
            let rows = try file.next(Self.batchRows)
            if rows.isEmpty || pending.count == Self.mostPending, !pending.isEmpty {
                // The first stays in the list until it is answered, so that it is cancelled with the others.
                sum.add(try await pending[0].value)
                pending.removeFirst()
            }
            progress.advance(by: file.position - position)
            guard !rows.isEmpty else {
                guard pending.isEmpty else { continue }
                return try summary(sum, file.columns)
            }
            let request = request(rows)
            // At once up to where it is sent, so that requests go out in the order of the file.
            pending.append(Task.immediate { try await client.importLabels(request) })
        }
    }

    private func request(_ rows: [LabelFile.Row]) -> LabelsImport {
        let columns = labels.map { name in (name, rows.map { $0.labels[name] }) }
        return LabelsImport(
            filenames: rows.map(\.filename),
            studyIDs: rows.map(\.studyID),
            frameNumbers: rows.map(\.frameNumber),
            labels: Dictionary(uniqueKeysWithValues: columns),
            annotator: annotator
        )
    }

    private func summary(_ sum: LabelsImport.Result, _ columns: LabelColumns) throws -> String {
        var parts = ["labeled \(Human.plural(sum.labeled, "image"))"]
        if sum.inserted > 0 { parts.append("registered \(sum.inserted) new") }
        if sum.unchanged > 0 { parts.append("\(sum.unchanged) were as the file has them already") }
        if sum.heldOut > 0 { parts.append("passed over \(sum.heldOut) that are held out") }
        if let first = sum.rejected.first {
            parts.append("\(sum.rejected.count) were refused, the first because \(first.message)")
        }
        if !columns.others.isEmpty {
            parts.append("passed over \(LabelColumns.list(columns.others)), no labels of the server's")
        }
        if !columns.unknown.isEmpty {
            let (unknown, known) = (LabelColumns.list(columns.unknown), LabelColumns.list(columns.labels))
            parts.append("the server has no label \(unknown); it has \(known)")
        }
        guard columns.unknown.isEmpty, sum.rejected.isEmpty else {
            throw CommandFailure(code: CommandFailure.other, message: parts.joined(separator: "; "))
        }
        return parts.joined(separator: "; ")
    }
}

extension LabelsImport.Result {
    fileprivate mutating func add(_ other: Self) {
        inserted += other.inserted
        labeled += other.labeled
        unchanged += other.unchanged
        heldOut += other.heldOut
        rejected += other.rejected
    }
}
