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
            1, 0 or nothing; study_id and frame_number are taken along, other columns are passed over. COCO files are read as \
            "holdfast export labels" writes them; an annotation without a value is a 1. Images that are not there yet are \
            registered by name. Splits are computed, never imported; held-out images get no label this way.
            """
    )

    @Argument(help: "A .csv, .jsonl or .json (COCO) file.")
    var file: String
    @Option(help: "Who the labels are from. (default: import)")
    var annotator = "import"
    @OptionGroup var target: ServerTarget

    func run() async throws {
        let rows = try LabelFile.read(file)
        let (annotator, total) = (annotator, rows.count)
        try await target.run(importing: file) { client in
            let labels = Array(try await client.labelStats().labels.keys)
            var batches = LabelBatches(client: client, labels: labels, annotator: annotator, total: total)
            for start in stride(from: 0, to: rows.count, by: LabelBatches.size) {
                try await batches.send(Array(rows[start..<min(start + LabelBatches.size, rows.count)]))
            }
            return batches.summary
        }
    }
}

/// Registers the images of a file and sets their labels.
struct LabelBatches {
    static let size = 2000

    let client: HoldfastClient
    let labels: [String]
    let annotator: String
    private var progress: ProgressBar
    private var registered = 0
    private var labeled = 0
    private var heldOut = 0
    private var refused: [String] = []

    init(client: HoldfastClient, labels: [String], annotator: String, total: Int) {
        self.client = client
        self.labels = labels
        self.annotator = annotator
        progress = ProgressBar("rows", total: total)
    }

    mutating func send(_ rows: [LabelFile.Row]) async throws {
        let images = rows.map {
            ImagesInsert.Image(filename: $0.filename, studyID: $0.studyID, frameNumber: $0.frameNumber)
        }
        let known = try await client.insertImagesAndWait(images)
        registered += known.inserted
        let sets = zip(rows, known.ids).compactMap { row, id -> LabelsSet? in
            let values = row.labels.filter { labels.contains($0.key) }
            return values.isEmpty ? nil : LabelsSet(id: id, labels: values.mapValues { $0 })
        }
        if !sets.isEmpty {
            let result = try await client.setLabels(sets, annotator: annotator)
            labeled += result.images.count
            heldOut += result.rejected.count { $0.kind == "holdout_lease_required" }
            refused += result.rejected.filter { $0.kind != "holdout_lease_required" }.map(\.message)
        }
        progress.advance(by: rows.count)
    }

    var summary: String {
        var parts = ["labeled \(labeled) images, \(registered) of them new"]
        if heldOut > 0 { parts.append("passed over \(heldOut) that are held out") }
        if let first = refused.first { parts.append("\(refused.count) were refused, the first because \(first)") }
        return parts.joined(separator: "; ")
    }
}
