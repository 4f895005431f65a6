extension Declaration {
    /// The names of a function's parameters: the label, or where there is none the name inside.
    var parameters: [(label: String, name: String)] {
        let rest = tokens[afterName...]
        let brackets = Brackets(of: rest)
        guard let open = rest.firstIndex(where: { $0.isMark("(") }), let close = brackets.end(of: open)
        else {
            return []
        }
        var found: [(label: String, name: String)] = []
        var isStart = true
        for place in (open + 1)..<max(open + 1, close) where brackets.opener(place) == open {
            if isStart, rest[place].kind == .word, !rest[place - 1].isMark("@") {
                let label = rest[place].text
                let inside = rest[place + 1].kind == .word ? rest[place + 1].text : label
                found.append((label, label == "_" ? inside : label))
                isStart = false
            }
            if rest[place].isMark(",") { isStart = true }
        }
        return found
    }
}

extension ThunkCall {
    /// The names of the function's parameters.
    ///
    /// - Throws: ``SourceError`` where several functions of other parameters have the name.
    func parameters(_ index: Index, file: String) throws -> [String] {
        if isClosure { return closureParameters }
        let (name, labels) = target
        let functions = index.targets(of: name).compactMap { index.nodes[$0].declaration }.filter {
            $0.kind == .function
        }
        let container = function.dropLast().last { $0.kind == .word }?.text
        var fitting = functions.filter { labels == nil || $0.parameters.map(\.label) == labels }
        if fitting.count > 1, let container {
            let inside = fitting.filter { $0.container?.names.contains(container) ?? false }
            if !inside.isEmpty { fitting = inside }
        }
        let all = Set(fitting.map { $0.parameters.map(\.name) })
        guard all.count <= 1 else {
            throw SourceError(
                file: file,
                line: line,
                message: "several functions are named \(name); write its labels, as in \(name)(_:)"
            )
        }
        return all.first ?? []
    }

    private var closureParameters: [String] {
        let end = function.firstIndex { $0.isWord("in") } ?? function.startIndex
        let brackets = Brackets(of: function)
        let named = function[function.startIndex..<end].indices.filter { place in
            function[place].kind == .word && brackets.depth(place) <= 2
                && (place == function.startIndex + 1 || function[place - 1].isMark("(")
                    || function[place - 1].isMark(","))
        }.map { function[$0].text }
        let numbered = function.compactMap { $0.text.hasPrefix("$") ? Int($0.text.dropFirst()) : nil }
            .max()
        return named.isEmpty ? (0..<((numbered ?? -1) + 1)).map { "\($0)" } : named
    }
}
