import Foundation
import Hummingbird
import Wire

extension Provenance {
    /// `lineage.export`
    func export(_ parameters: LineageExport) async throws -> LineageExport.Result {
        let graph = try await graph(parameters.recordID, parameters.direction ?? .upstream, parameters.depth)
        let document = LineageDocument(graph)
        let (text, mediaType, ending) =
            switch parameters.format {
            case .provJSON: (try ProvJSON.text(document), "application/json", "prov.json")
            case .openLineage: (try OpenLineageEvents.text(document), "application/x-ndjson", "openlineage.jsonl")
            case .mermaid: (MermaidChart.text(document), "text/vnd.mermaid", "mmd")
            case .dot: (DOTGraph.text(document), "text/vnd.graphviz", "dot")
            }
        let name = String(parameters.recordID.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(80))
        return LineageExport.Result(
            text: text,
            mediaType: mediaType,
            filename: "lineage-\(name).\(ending)",
            isCut: graph.isCut
        )
    }

    /// `GET /exports/lineage/{record_id}?format=F&direction=D&depth=N`: the same as a file.
    func addRoutes(to group: RouterGroup<DoorContext>) {
        group.get("/exports/lineage/:record") { request, context in
            let query = request.uri.queryParameters
            let record = try context.parameters.require("record")
            let result = try await export(
                LineageExport(
                    recordID: record.removingPercentEncoding ?? record,
                    format: try Self.value(query.get("format"), "format") ?? .provJSON,
                    direction: try Self.value(query.get("direction"), "direction"),
                    depth: try query.get("depth").map { text in
                        guard let depth = Int(text) else { throw WireError.invalidParams("depth is a whole number") }
                        return depth
                    }
                )
            )
            return Hummingbird.Response(
                status: .ok,
                headers: [
                    .contentType: "\(result.mediaType); charset=utf-8",
                    .contentDisposition: "attachment; filename=\"\(result.filename)\"",
                ],
                body: .init(byteBuffer: .init(string: result.text))
            )
        }
    }

    private static func value<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String?,
        _ name: String
    ) throws -> Value? {
        guard let text else { return nil }
        guard let value = Value(rawValue: text) else {
            let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw WireError.invalidParams("\(name) is one of \(known)")
        }
        return value
    }
}
