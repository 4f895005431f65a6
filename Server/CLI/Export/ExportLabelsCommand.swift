import ArgumentParser
import Foundation

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

    /// The format of an export.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv
        case jsonl
        case coco
    }

    @Option(help: "The data directory. [HOLDFAST_DATA] (default: ./holdfast-data)")
    var data: String?
    @Option(help: "csv, jsonl or coco.")
    var format: Format = .csv
    @Option(help: "The file to write. (default: standard output)")
    var out: String?
    @Flag(help: "Only images that have a label.")
    var labeled = false

    func run() async throws {
        let directory = data ?? ProcessInfo.processInfo.environment["HOLDFAST_DATA"] ?? "holdfast-data"
        let database = directory + "/telemetry/telemetry.sqlite"
        guard FileManager.default.fileExists(atPath: database) else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(directory) is no data directory: it has no database"
            )
        }
        let sink = try FileSink(out)
        let written = try LabelExport(database: database, onlyLabeled: labeled).write(format, to: sink)
        try sink.close()
        if out != nil { print("wrote \(written) images") }
    }
}

/// A file, or standard output, written in large pieces; a file appears under its name when it is complete.
final class FileSink {
    private static let pieceBytes = 1 << 20

    private let path: String?
    private let handle: FileHandle
    private var bytes: [UInt8] = []

    init(_ path: String?) throws {
        self.path = path
        guard let path else {
            handle = .standardOutput
            return
        }
        guard FileManager.default.createFile(atPath: path + ".part", contents: nil),
            let handle = FileHandle(forWritingAtPath: path + ".part")
        else { throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be written") }
        self.handle = handle
    }

    func write(_ fill: (inout [UInt8]) throws -> Void) throws {
        try fill(&bytes)
        if bytes.count >= Self.pieceBytes { try flush() }
    }

    func close() throws {
        try flush()
        guard let path else { return }
        try handle.close()
        guard unsafe rename(path + ".part", path) == 0 else {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be replaced")
        }
    }

    private func flush() throws {
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            throw CommandFailure(code: CommandFailure.other, message: "writing failed: \(error.localizedDescription)")
        }
        bytes.removeAll(keepingCapacity: true)
    }
}
