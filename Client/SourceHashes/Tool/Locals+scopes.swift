// Where names are meant.
extension Locals {
    /// What a `let` or `var` belongs to.
    private enum Head {
        /// A statement of its own.
        case plain
        /// A statement of its own among those of the case of a switch that begins there.
        case inCase(Int)
        /// The conditions or the pattern of the statement whose word is there.
        case of(Int)
        case uncertain
    }

    private func head(of place: Int) -> Head {
        var here = place - 1
        var hasColon = false
        while here >= tokens.startIndex {
            let token = tokens[here]
            if token.isMark("}") {
                // A block ends the statement before; a closure does not.
                return tokens[here + 1].startsLine && tokens[here + 1].beginsStatement ? .plain : .uncertain
            }
            if token.closes, let open = brackets.start(of: here) {
                here = open - 1
                continue
            }
            if token.isMark("{") || token.isMark(";") { return .plain }
            if token.isMark(":") { hasColon = true }
            let isMember = here > tokens.startIndex && tokens[here - 1].isMark(".")
            if token.kind == .word, !token.isQuoted, !isMember {
                if token.text == "default", hasColon { return .inCase(here) }
                if token.text == "case", !(self.token(here - 1).map(isCondition) ?? true) {
                    return hasColon ? .inCase(here) : .of(here)
                }
                if ["if", "guard", "while", "for", "catch"].contains(token.text) { return .of(here) }
            }
            if token.startsLine, here > tokens.startIndex, tokens[here - 1].endsOperand,
                token.beginsStatement,
                !token.isWord("case"), !token.isWord("default")
            {
                return .plain
            }
            here -= 1
        }
        return .plain
    }

    private func isCondition(_ token: Token) -> Bool {
        token.isWord("if") || token.isWord("guard") || token.isWord("while") || token.isWord("for")
            || token.isMark(",")
    }

    /// Where what is bound behind `let` or `var` is meant by its name; nil if that is not certain.
    func scope(of place: Int, after: Int) -> Range<Int>? {
        let block = brackets.blockEnd(of: place)
        switch head(of: place) {
        case .uncertain: return nil
        case .plain: return range(from: endOfInitializer(after, isCondition: false), to: block)
        case .inCase(let head):
            return range(
                from: endOfInitializer(after, isCondition: false),
                to: nextCase(after: place, head) ?? block
            )
        case .of(let head): return scope(of: place, after, head, block)
        }
    }

    private func scope(of place: Int, _ after: Int, _ head: Int, _ block: Int) -> Range<Int>? {
        let depth = brackets.depth(head)
        let body = (place..<block).first { tokens[$0].isMark("{") && brackets.depth($0) == depth }
        let end = body.flatMap { brackets.end(of: $0) }
        let isPattern =
            brackets.depth(place) > depth || tokens[head..<place].contains { $0.isWord("case") }
        switch tokens[head].text {
        case "guard":
            guard let end else { return nil }
            return range(from: isPattern ? end : endOfInitializer(after, isCondition: true), to: block)
        case "if", "while":
            guard let body, let end else { return nil }
            return range(from: isPattern ? body : endOfInitializer(after, isCondition: true), to: end)
        case "catch":
            guard let body, let end else { return nil }
            return body..<end
        case "case":
            let next = nextCase(after: place, head) ?? block
            let start = (place..<next).first { place in
                brackets.depth(place) == depth
                    && (tokens[place].isMark(":") || tokens[place].isWord("where"))
            }
            return start.map { $0..<next }
        default: return nil
        }
    }

    private func range(from start: Int, to end: Int) -> Range<Int> { start..<max(start, end) }

    /// Where the next case of a switch begins.
    private func nextCase(after place: Int, _ head: Int) -> Int? {
        let depth = brackets.depth(head)
        return (place..<brackets.blockEnd(of: head)).first { place in
            brackets.depth(place) == depth
                && (tokens[place].isWord("case") || tokens[place].isWord("default"))
                && !tokens[place - 1].isMark(".")
        }
    }

    /// Where the value of a variable certainly ends; until there its own name means something else.
    private func endOfInitializer(_ start: Int, isCondition: Bool) -> Int {
        guard token(start)?.text.hasPrefix("=") ?? false || token(start)?.isMark(":") ?? false else {
            return start
        }
        let depth = brackets.depth(start)
        var here = start + 1
        while let token = token(here) {
            let isLevel = brackets.depth(here) == depth
            if token.closes, brackets.depth(here) < depth { return here }
            if isLevel, token.isMark(";") || token.isMark(",") { return here }
            if isLevel, isCondition, token.isMark("{") || token.isWord("else") { return here }
            if isLevel, token.startsLine, tokens[here - 1].endsOperand, token.beginsStatement {
                return here
            }
            here += 1
        }
        return here
    }
}
