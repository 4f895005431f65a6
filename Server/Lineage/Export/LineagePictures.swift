import Wire

/// Mermaid flow charts.
enum MermaidChart {
    static func text(_ document: LineageDocument) -> String {
        var lines = ["flowchart TD"]
        for (place, node) in document.nodes.enumerated() {
            let text = LineageDocument.title(node).map(escaped).joined(separator: "<br>")
            lines.append(node.details == nil ? "    n\(place)[\"\(text)\"]" : "    n\(place)([\"\(text)\"])")
        }
        for (place, call) in document.calls.enumerated() {
            lines.append("    c\(place){{\"\(escaped(call.lineage.functionName))\"}}")
            for input in call.inputs { lines.append("    n\(input.node) -->|\"\(escaped(input.name))\"| c\(place)") }
            for output in call.outputs { lines.append("    c\(place) --> n\(output)") }
        }
        for derivation in document.derivations {
            lines.append("    n\(derivation.from) -.->|\"\(escaped(derivation.name))\"| n\(derivation.to)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Characters that mean something to Mermaid or to HTML become its entities.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            if "\"<>&#;`\\{}[]()|\n\r".unicodeScalars.contains(scalar) {
                escaped += "#\(scalar.value);"
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// Graphs in the DOT language.
enum DOTGraph {
    static func text(_ document: LineageDocument) -> String {
        var lines = ["digraph lineage {", "    rankdir=TB;", "    node [fontname=\"sans-serif\"];"]
        for (place, node) in document.nodes.enumerated() {
            let shape = node.details == nil ? "box" : "ellipse"
            let label = LineageDocument.title(node).map(escaped).joined(separator: "\\n")
            lines.append("    n\(place) [shape=\(shape), label=\"\(label)\"];")
        }
        for (place, call) in document.calls.enumerated() {
            lines.append("    c\(place) [shape=hexagon, label=\"\(escaped(call.lineage.functionName))\"];")
            for input in call.inputs {
                lines.append("    n\(input.node) -> c\(place) [label=\"\(escaped(input.name))\"];")
            }
            for output in call.outputs { lines.append("    c\(place) -> n\(output);") }
        }
        for derivation in document.derivations {
            lines.append(
                "    n\(derivation.from) -> n\(derivation.to) [style=dashed, label=\"\(escaped(derivation.name))\"];"
            )
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
