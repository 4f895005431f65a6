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

    private static let standardData = "holdfast-data"

    func run() async throws {
        let directory = data ?? ProcessInfo.processInfo.environment["HOLDFAST_DATA"] ?? Self.standardData
        let database = directory + "/telemetry/telemetry.sqlite"
        guard FileManager.default.fileExists(atPath: database) else {
            let failure = CommandFailure.noDatabase(database, in: directory)
            let hint = directory == Self.standardData ? "; name another with --data or HOLDFAST_DATA" : ""
            throw CommandFailure(code: failure.code, message: failure.message + hint)
        }
        let sink = try FileSink(out)
        let written = try CommandFailure.naming(database) { try write(database, to: sink) }
        try sink.close()
        guard out != nil else { return }
        let others = written.heldOut > 0 ? "; left out \(written.heldOut) that are held out" : ""
        print("wrote \(Human.plural(written.images, "image"))\(others)")
    }

    /// Writes all images and says how many, and how many are held out.
    private func write(_ path: String, to sink: FileSink) throws -> (images: Int, heldOut: Int) {
        try ReadOnlyDatabase.open(path).read { database in
            guard try database.tableExists("settings"),
                let settings = try SettingsTable.read(LabelSettings.self, "labels", Connection(database))
            else { throw CommandFailure(code: CommandFailure.other, message: "\(path) has no labels") }
            var export = LabelExport(format, onlyLabeled: labeled, settings)
            while let piece = try export.next(Connection(database)) { try sink.write(piece) }
            return (export.images, export.heldOut)
        }
    }
}

extension LabelExport.Format: ExpressibleByArgument {}
