public import ArgumentParser
import Foundation
public import Holdfast
import NIOCore

extension LineageExport.Format: ExpressibleByArgument {}
extension LineageExport.Direction: ExpressibleByArgument {}

/// `holdfast export lineage`
struct ExportLineageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage",
        abstract: "Write what a record was computed from, or what was computed from it."
    )

    @Argument(help: "The record's id, or a reference such as snapshot:ID.")
    var record: String
    @Option(help: "prov-json (W3C PROV), openlineage (one event a line), mermaid or dot (Graphviz).")
    var format: LineageExport.Format = .provJSON
    @Option(help: "upstream, downstream or both.")
    var direction: LineageExport.Direction = .upstream
    @Option(parsing: .unconditional, help: "How many steps. (default: all)")
    var depth: Int?
    @Option(help: "The file to write. (default: standard output)")
    var out: String?
    @OptionGroup var target: ServerTarget

    func run() async throws {
        let export = LineageExport(recordID: record, format: format, direction: direction, depth: depth)
        let out = out
        try await target.run(doing: "exporting the lineage of \(record)") { client in
            let result = try await client.call(export)
            guard let out else { return result.text.trimmingCharacters(in: .newlines) }
            let sink = try FileSink(out)
            try sink.write(ByteBuffer(string: result.text))
            try sink.close()
            return "wrote \(out)" + (result.isCut ? "; there is more than it tells" : "")
        }
    }
}
