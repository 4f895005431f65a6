import NIOCore
import Wire

/// OpenLineage (https://openlineage.io/spec/2-0-2/OpenLineage.json): a COMPLETE event for each call, one a line; jobs are
/// functions, datasets are records and sources.
enum OpenLineageEvents {
    private static let namespace = "holdfast"
    private static let producer = "urn:holdfast:server:\(holdfastVersion)"
    private static let schema = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs"

    static func text(_ document: LineageDocument) throws -> String {
        // The oldest first, as they happened.
        let calls = document.calls.sorted { ($0.endedAt ?? 0, $0.id) < ($1.endedAt ?? 0, $1.id) }
        return try calls.map { call in
            String(buffer: try JSONCoding.encode(try event(call, document.nodes))) + "\n"
        }.joined()
    }

    private static func event(_ call: LineageDocument.Call, _ nodes: [LineageNode]) throws -> JSONValue {
        let lineage = call.lineage
        var inputs: [Int] = []
        for input in call.inputs where !inputs.contains(input.node) { inputs.append(input.node) }
        let about = facet([
            "function_hash": .string(lineage.functionHash), "constants": .array(lineage.constants),
            "user_id": lineage.userID.map { .string($0) } ?? .null, "host": lineage.host.map { .string($0) } ?? .null,
            "run_id": lineage.runID.map { .string($0) } ?? .null,
        ])
        return [
            "eventType": "COMPLETE",
            "eventTime": .string(Timestamp.text(call.endedAt ?? lineage.startedAt ?? 0)),
            "producer": .string(producer),
            "schemaURL": .string("\(schema)/RunEvent"),
            "run": ["runId": .string(uuid(call.id)), "facets": ["holdfast_call": about]],
            "job": ["namespace": .string(namespace), "name": .string(lineage.functionName)],
            "inputs": .array(try inputs.map { try dataset(nodes[$0]) }),
            "outputs": .array(try call.outputs.map { try dataset(nodes[$0]) }),
        ]
    }

    /// A variable at a location is a dataset; a record is a version of it.
    private static func dataset(_ node: LineageNode) throws -> JSONValue {
        var name = node.recordID
        if node.details == nil {
            name = node.outputType
            if let metadata = node.metadata, !metadata.isEmpty {
                name += String(buffer: try JSONCoding.encode(metadata))
            }
        }
        return [
            "namespace": .string(namespace), "name": .string(name),
            "facets": ["version": facet(["datasetVersion": .string(node.recordID)])],
        ]
    }

    private static func facet(_ members: [String: JSONValue]) -> JSONValue {
        .object(
            members.merging(["_producer": .string(producer), "_schemaURL": .string("\(schema)/BaseFacet")]) { $1 }
        )
    }

    /// A hash as a UUID (RFC 9562, version 8: of one's own making).
    private static func uuid(_ hash: String) -> String {
        let digits = Array(hash.prefix(32))
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return "\(part(0..<8))-\(part(8..<12))-8\(part(13..<16))-8\(part(17..<20))-\(part(20..<32))"
    }
}
