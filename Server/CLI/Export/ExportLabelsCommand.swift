import ArgumentParser
import Foundation
import GRDB

/// `holdfast export labels`
struct ExportLabelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels",
        abstract: "Write images and their labels as CSV, JSON Lines or COCO.",
        discussion: """
            Reads the database, also while a server is using it. Every row carries its split and the hash of the train and \
            val set that it belongs to, the same as snapshots.create gives. Held-out images are never written.
            """
    )

    @Option(help: "The data directory. [HOLDFAST_DATA] (default: ./holdfast-data)")
    var data: String?
    @Option(help: "csv, jsonl or coco.")
    var format: LabelExport.Format = .csv
    @Option(help: "The file to write. (default: standard output)")
    var out: String?
    @Flag(help: "Only images that have a label.")
    var labeled = false

    func run() async throws {
        let directory = data ?? ProcessInfo.processInfo.environment["HOLDFAST_DATA"] ?? "holdfast-data"
        let database = directory + "/telemetry/telemetry.sqlite"
        guard FileManager.default.fileExists(atPath: database) else {
            throw CommandFailure.noDatabase(database, in: directory)
        }
        guard let settings = try SettingsTable.read(LabelSettings.self, "labels", database: database) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(database) has no labels")
        }
        let sink = try FileSink(out)
        let written = try write(database, settings, to: sink)
        try sink.close()
        if out != nil { print("wrote \(written) images") }
    }

    /// Writes all images and says how many.
    private func write(_ path: String, _ settings: LabelSettings, to sink: FileSink) throws -> Int {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration).read { database in
            var export = LabelExport(format, onlyLabeled: labeled, settings)
            while let piece = try export.next(Connection(database)) { try sink.write(piece) }
            return export.images
        }
    }
}

extension LabelExport.Format: ExpressibleByArgument {}
