/// A piece of Swift source without what is around it.
struct Token: Equatable {
    enum Kind: Equatable {
        /// Also keywords, and identifiers in backticks, without these.
        case word
        case number
        /// The text of a string between its quotes and interpolations, or a regular expression.
        case text
        case prefixOperator
        case infixOperator
        case postfixOperator
        /// Brackets, `,` `;` `:` `.` `@` `#` `\`, quotes, and the ends of an interpolation.
        case punctuation
        /// The end of a line that begins with a directive such as `#if`.
        case directiveEnd
    }

    let kind: Kind
    let text: String
    let line: Int
    /// Whether it is the first of its line.
    let startsLine: Bool
    /// Whether it was written in backticks, and so is no keyword.
    var isQuoted = false

    func isWord(_ text: String) -> Bool { kind == .word && !isQuoted && self.text == text }

    func isMark(_ text: String) -> Bool { kind == .punctuation && self.text == text }

    var isOperator: Bool {
        switch kind {
        case .prefixOperator, .infixOperator, .postfixOperator: true
        default: false
        }
    }

    var opens: Bool { kind == .punctuation && ["(", "[", "{", "\\("].contains(text) }

    var closes: Bool { kind == .punctuation && [")", "]", "}"].contains(text) }
}
