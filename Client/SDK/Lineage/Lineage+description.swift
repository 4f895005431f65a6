import NIOCore
public import Wire

// What lineage answers, for people: `print(try await client.why(recordID))`.

extension LineageWhy.Change: CustomStringConvertible {
    /// `input: signal changed from 2c26b4… to fcde2b…`
    public var description: String {
        switch (before, after) {
        case (nil, _): "\(kind.rawValue): \(name) is new"
        case (_, nil): "\(kind.rawValue): \(name) is gone"
        case (let before?, let after?): "\(kind.rawValue): \(name) changed from \(before.text) to \(after.text)"
        }
    }
}

extension LineageWhy.Outdated: CustomStringConvertible {
    /// `outdated: signal is 9f86d081884c7d65, the latest 60303ae22b998861`
    public var description: String {
        "outdated: \(name) is \(recordID), "
            + (latestRecordID.map { "the latest \($0)" } ?? "of which there is none any more")
    }
}

extension LineageWhy.Result: CustomStringConvertible {
    /// What it was compared with, then a line for each change and each outdated input.
    public var description: String {
        var lines: [String] = []
        if let previousRecordID {
            lines.append("since \(previousRecordID)" + (changes.isEmpty ? " nothing changed" : ""))
        } else if changes.isEmpty {
            lines.append("nothing before it to compare it with")
        }
        return (lines + changes.map(\.description) + outdated.map(\.description)).joined(separator: "\n")
    }
}

extension LineageNode: CustomStringConvertible {
    /// `Filtered 4f53cda18c2baa0c (session=A, subject=1) by bandpass`
    public var description: String {
        var text = "\(outputType) \(recordID)"
        if let metadata, !metadata.isEmpty { text += " (\(metadata.shown))" }
        if let lineage { text += " by \(lineage.functionName)" }
        return isEvicted == true ? text + ", evicted" : text
    }
}

extension LineageGraph: CustomStringConvertible {
    /// A line for each record, further in by its depth, after the names by which it is bound to the records one step nearer.
    public var description: String {
        let depths = Dictionary(records.map { ($0.recordID, $0.depth) }, uniquingKeysWith: { first, _ in first })
        var names: [String: [String]] = [:]
        for edge in edges {
            guard let from = depths[edge.from], let to = depths[edge.to] else { continue }
            let further = from > to ? edge.from : edge.to
            if names[further]?.contains(edge.name) != true { names[further, default: []].append(edge.name) }
        }
        let lines = records.map { record in
            let bound = names[record.recordID].map { $0.joined(separator: ", ") + ": " } ?? ""
            return String(repeating: "  ", count: record.depth) + bound + record.description
        }
        return (lines + (isCut ? ["… and more, which is not told here"] : [])).joined(separator: "\n")
    }
}

extension JSONValue {
    fileprivate var text: String {
        if case .string(let text) = self { return text }
        return (try? JSONCoding.encode(self)).map { String(buffer: $0) } ?? ""
    }
}
