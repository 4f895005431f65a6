/// A call `Thunk("name", function)` in a source.
struct ThunkCall {
    let name: String
    let line: Int
    /// What it is given as the function: a path such as `Filters.bandpass(_:low:)`, or a closure.
    let function: ArraySlice<Token>
    /// The declaration in which it is.
    let enclosing: Declaration?

    /// The calls in a file that say no version.
    ///
    /// - Throws: ``SourceError`` for one of which the function can't be told.
    static func all(
        in tokens: [Token],
        _ declarations: [Declaration],
        file: String
    ) throws
        -> [ThunkCall]
    {
        let brackets = Brackets(of: tokens[...])
        var calls: [ThunkCall] = []
        for place in tokens.indices where tokens[place].isWord("Thunk") {
            guard let open = opening(after: place, tokens), let close = brackets.end(of: open) else {
                continue
            }
            func failure(_ message: String) -> SourceError {
                SourceError(file: file, line: tokens[place].line, message: message)
            }
            var parts = arguments(tokens[(open + 1)..<close], brackets, open)
            let labels = parts.compactMap {
                $0.dropFirst().first?.isMark(":") ?? false ? $0.first?.text : nil
            }
            if labels.contains("version") || labels.contains("sources") { continue }
            if close + 1 < tokens.count, tokens[close + 1].isMark("{"),
                let end = brackets.end(of: close + 1)
            {
                parts.append(tokens[(close + 1)...end])
            }
            guard parts.count == 2 else {
                throw failure(
                    "a thunk is made as Thunk(\"name\", function) or Thunk(\"name\", version: 1, function)"
                )
            }
            let text = Array(parts[0])
            guard text.count == 3, text[1].kind == .text, text[0].isMark("\"") else {
                throw failure(
                    "the name of a thunk is a string without anything in it, so that its source can be found"
                )
            }
            let enclosing = innermost(of: place, declarations)
            let call = ThunkCall(
                name: text[1].text,
                line: tokens[place].line,
                function: parts[1],
                enclosing: enclosing
            )
            try call.check(failure)
            calls.append(call)
        }
        return calls
    }

    /// The bracket of a call: `Thunk(` or `Thunk<Outputs, Input>(`.
    private static func opening(after place: Int, _ tokens: [Token]) -> Int? {
        var next = place + 1
        if tokens.indices.contains(next), tokens[next].isOperator, tokens[next].text.hasPrefix("<") {
            var depth = 0
            while tokens.indices.contains(next) {
                let text = tokens[next].isOperator ? tokens[next].text : ""
                depth += text.filter { $0 == "<" }.count - text.filter { $0 == ">" }.count
                next += 1
                if depth <= 0 { break }
            }
        }
        return tokens.indices.contains(next) && tokens[next].isMark("(") && !tokens[next].startsLine
            ? next : nil
    }

    private static func arguments(
        _ tokens: ArraySlice<Token>,
        _ brackets: Brackets,
        _ open: Int
    )
        -> [ArraySlice<Token>]
    {
        var parts: [ArraySlice<Token>] = []
        var start = tokens.startIndex
        for place in tokens.indices where tokens[place].isMark(",") && brackets.opener(place) == open {
            parts.append(tokens[start..<place])
            start = place + 1
        }
        if start < tokens.endIndex { parts.append(tokens[start...]) }
        return parts
    }

    /// The smallest declaration around a token.
    private static func innermost(of place: Int, _ declarations: [Declaration]) -> Declaration? {
        guard let around = declarations.first(where: { $0.tokens.indices.contains(place) }) else {
            return nil
        }
        return innermost(of: place, around.members) ?? around
    }

    var isClosure: Bool { function.first?.isMark("{") ?? false }

    /// The function's base name, and the labels if it says them.
    var target: (name: String, labels: [String]?) {
        let path = function.prefix { !$0.isMark("(") }
        let rest = function[path.endIndex...]
        let labels = rest.isEmpty ? nil : rest.filter { $0.kind == .word }.map(\.text)
        return (path.last { $0.kind == .word || $0.isOperator }?.text ?? "", labels)
    }

    /// Refuses what may capture values: they can't be seen, and would be taken for one and the same.
    private func check(_ failure: (String) -> SourceError) throws {
        let words = Set(
            function.indices.filter { place in
                function[place].kind == .word
                    && (place == function.startIndex || !function[place - 1].isMark("."))
            }.map { function[$0].text }
        )
        let advice =
            "; give it a function at file scope or a static one, and what that depends on as arguments"
        if words.contains("self") { throw failure("the thunk \"\(name)\" captures self\(advice)") }
        guard let enclosing else { return }
        if enclosing.kind.isCallable || enclosing.kind == .variable || enclosing.kind == .constant {
            let first = enclosing.afterName
            let locals = Locals(
                of: enclosing.tokens,
                from: first,
                hasParameters: enclosing.kind.isCallable
            )
            let own =
                isClosure
                ? Locals(of: function, from: function.startIndex, hasParameters: false).certain : []
            if let captured = words.intersection(locals.bound).subtracting(own).sorted().first {
                throw failure("the thunk \"\(name)\" captures \(captured)\(advice)")
            }
        }
        let members = enclosing.container.map { [$0] } ?? []
        let instance = members.flatMap(\.members).filter { !$0.isStatic && $0.kind != .enumCase }
            .flatMap(\.names)
        if let captured = words.intersection(instance).sorted().first {
            throw failure(
                "the thunk \"\(name)\" captures the instance whose \(captured) it uses\(advice)"
            )
        }
    }
}
