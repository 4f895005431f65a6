import NIOCore
import Wire

/// W3C PROV as JSON (https://www.w3.org/submissions/prov-json/): records and sources are entities, calls activities, users
/// agents.
enum ProvJSON {
    static func text(_ document: LineageDocument) throws -> String {
        var parts: [String: [String: JSONValue]] = [:]
        var count = 0
        func relate(_ kind: String, _ members: [String: JSONValue]) {
            count += 1
            parts[kind, default: [:]]["_:r\(count)"] = .object(members)
        }
        let names = document.nodes.map { name("record", $0.recordID) }
        for (node, name) in zip(document.nodes, names) { parts["entity", default: [:]][name] = try entity(node) }
        for call in document.calls {
            let activity = name("call", call.id)
            parts["activity", default: [:]][activity] = .object(members(of: call))
            for output in call.outputs {
                relate("wasGeneratedBy", ["prov:entity": .string(names[output]), "prov:activity": .string(activity)])
            }
            for input in call.inputs {
                relate(
                    "used",
                    [
                        "prov:activity": .string(activity), "prov:entity": .string(names[input.node]),
                        "prov:role": .string(input.name),
                    ]
                )
                for output in call.outputs {
                    relate(
                        "wasDerivedFrom",
                        [
                            "prov:generatedEntity": .string(names[output]),
                            "prov:usedEntity": .string(names[input.node]), "prov:activity": .string(activity),
                        ]
                    )
                }
            }
            if let user = call.lineage.userID {
                let agent = name("user", user)
                parts["agent", default: [:]][agent] = [
                    "prov:type": ["$": "prov:Person", "type": "prov:QUALIFIED_NAME"], "prov:label": .string(user),
                ]
                relate("wasAssociatedWith", ["prov:activity": .string(activity), "prov:agent": .string(agent)])
            }
        }
        for derivation in document.derivations {
            relate(
                "wasDerivedFrom",
                [
                    "prov:generatedEntity": .string(names[derivation.to]),
                    "prov:usedEntity": .string(names[derivation.from]),
                ]
            )
        }
        parts["prefix"] = ["holdfast": "urn:holdfast:"]
        return String(buffer: try JSONCoding.encode(parts.mapValues { JSONValue.object($0) }))
    }

    private static func entity(_ node: LineageNode) throws -> JSONValue {
        var members: [String: JSONValue] = [
            "prov:label": .string(LineageDocument.title(node).joined(separator: " ")),
            "holdfast:id": .string(node.recordID), "holdfast:variable": .string(node.outputType),
        ]
        for (key, value) in [("metadata", node.metadata), ("details", node.details)] {
            guard let value else { continue }
            members["holdfast:\(key)"] = .string(String(buffer: try JSONCoding.encode(value)))
        }
        return .object(members)
    }

    private static func members(of call: LineageDocument.Call) -> [String: JSONValue] {
        let lineage = call.lineage
        var members: [String: JSONValue] = [
            "prov:label": .string(lineage.functionName), "holdfast:function_hash": .string(lineage.functionHash),
        ]
        // The form of xsd:dateTime.
        if let time = lineage.startedAt { members["prov:startTime"] = .string(Timestamp.text(time)) }
        if let time = call.endedAt { members["prov:endTime"] = .string(Timestamp.text(time)) }
        if let run = lineage.runID { members["holdfast:run_id"] = .string(run) }
        if let host = lineage.host { members["holdfast:host"] = .string(host) }
        return members
    }

    /// A qualified name; what its local part may not have is written as %XX.
    private static func name(_ kind: String, _ id: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-".utf8)
        var text = "holdfast:\(kind)-"
        for byte in id.utf8 {
            if plain.contains(byte) {
                text.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                text +=
                    "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
