extension ArraySlice<Token> {
    /// The condition of an `#if`, as it can be written in one.
    var condition: String {
        map { $0.kind == .infixOperator ? " \($0.text) " : $0.text }.joined()
    }
}

extension Token {
    /// Whether what is before it can be the name of a variable.
    var followsName: Bool {
        startsLine || isMark(":") || isMark(",") || isMark("{") || isMark(";") || isMark("}")
            || isOperator && text.hasPrefix("=")
    }

    private static let unfinished: Set<String> = [
        "return", "throw", "in", "as", "is", "try", "await", "case", "where", "any", "some",
        "inout", "consume", "copy", "borrow", "each", "repeat", "let", "var", "else", "do", "if",
        "guard", "for",
        "while",
        "switch", "defer", "func", "default", "sending", "borrowing", "consuming", "isolated",
        "nonisolated", "yield",
        "then", "import", "init", "operator",
    ]

    /// Whether an expression or type may be whole with it.
    var endsOperand: Bool {
        switch kind {
        case .word: isQuoted || !Self.unfinished.contains(text)
        case .number, .postfixOperator, .directiveEnd: true
        case .punctuation: closes || text.hasPrefix("\"")
        case .text: text.hasPrefix("/")
        // `Array<Int>` at the end of a line.
        case .infixOperator: ["?", "!", ">"].contains(text.last.map(String.init) ?? "") && text != "->"
        case .prefixOperator: false
        }
    }

    /// Whether it can't go on with an expression or type that is whole.
    var beginsStatement: Bool {
        switch kind {
        case .word:
            isQuoted
                || !["as", "is", "in", "else", "where", "async", "throws", "rethrows", "catch", "while"]
                    .contains(text)
        case .number, .text, .prefixOperator: true
        case .punctuation: text == "@" || text == "#" || text == "\"" || text == "}"
        case .infixOperator, .postfixOperator, .directiveEnd: false
        }
    }
}
