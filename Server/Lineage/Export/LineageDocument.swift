import Wire

/// A lineage graph as others see one: things, the calls that made them, and what went into each.
struct LineageDocument: Sendable {
    /// A call of a function; it may have made several of the things.
    struct Call: Sendable {
        /// The same for all outputs of a call.
        let id: String
        let lineage: Lineage
        /// UNIX seconds, when its first output was saved.
        var endedAt: Double?
        /// The outputs, by place in `nodes`.
        var outputs: [Int]
        /// What went in, by place in `nodes`, and the parameters' names.
        var inputs: [(name: String, node: Int)]
    }

    let nodes: [LineageNode]
    let calls: [Call]
    /// What comes from what without a known call, by place: `to` comes from `from`.
    let derivations: [(from: Int, to: Int, name: String)]

    init(_ graph: LineageGraph) {
        nodes = graph.records
        let places = Dictionary(nodes.enumerated().map { ($1.recordID, $0) }, uniquingKeysWith: { first, _ in first })
        var calls: [Call] = []
        var callPlaces: [String: Int] = [:]
        for (place, node) in nodes.enumerated() {
            guard let lineage = node.lineage else { continue }
            let id = Self.id(of: lineage)
            if let known = callPlaces[id] {
                calls[known].outputs.append(place)
                if let time = node.createdAt { calls[known].endedAt = min(calls[known].endedAt ?? time, time) }
                continue
            }
            callPlaces[id] = calls.count
            let inputs = lineage.inputs.compactMap { input in places[input.recordID].map { (input.name, $0) } }
            calls.append(Call(id: id, lineage: lineage, endedAt: node.createdAt, outputs: [place], inputs: inputs))
        }
        self.calls = calls
        derivations = graph.edges.compactMap { edge in
            guard let from = places[edge.from], let to = places[edge.to], graph.records[to].lineage == nil else {
                return nil
            }
            return (from, to, edge.name)
        }
    }

    private static func id(of lineage: Lineage) -> String {
        var bytes = Canonical()
        bytes.add("call")
        bytes.add(lineage.functionHash)
        bytes.add(UInt64(lineage.inputs.count))
        for input in lineage.inputs {
            bytes.add(input.name)
            bytes.add(input.recordID)
        }
        bytes.add(.array(lineage.constants))
        return bytes.digest.hex
    }

    /// What a thing is called in a picture: its variable and where it is.
    static func title(_ node: LineageNode) -> [String] {
        let values = node.metadata.map { metadata in
            metadata.sorted { $0.key < $1.key }.compactMap { key, value in
                Self.text(value).map { "\(key)=\($0)" }
            }.joined(separator: " ")
        }
        // A snapshot's id is long, and the whole of it tells people no more than its beginning.
        let id = node.recordID.count <= 48 ? node.recordID : node.recordID.prefix(24) + "…"
        return [node.outputType, values ?? "", id].filter { !$0.isEmpty }
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let value): String(value)
        case .null, .array, .object: nil
        }
    }
}
