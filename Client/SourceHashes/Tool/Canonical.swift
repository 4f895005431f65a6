/// A piece of source as it is hashed: its tokens, with numbers in the place of local names, and what it mentions.
struct Canonical {
    private var hasher = Hasher256()
    /// The names that it mentions, other than local ones, labels and keywords, and its operators. A name behind which a member
    /// is named comes with that, as "Filters.bandpass".
    private(set) var mentions: Set<String> = []
    /// Conditions of `#if` in it.
    private(set) var conditions: Set<String> = []
    /// Whether it asks where in the file it is.
    private(set) var usesPosition = false

    private static let keywords: Set<String> = [
        "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer",
        "deinit", "do",
        "else", "enum",
        "extension", "fallthrough", "false", "for", "func", "guard", "if", "import", "in", "init",
        "inout", "internal",
        "is",
        "let", "nil", "operator", "precedencegroup", "private", "protocol", "public", "repeat",
        "rethrows", "return",
        "self",
        "Self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
        "typealias",
        "var", "where",
        "while", "fileprivate", "_",
    ]

    var hash: String { hasher.hex }

    mutating func add(_ text: String) { hasher.add(text) }

    /// Adds a condition under which it is compiled.
    mutating func add(condition: String) {
        hasher.add("#if \(condition)")
        conditions.insert(condition)
    }

    /// Adds tokens.
    ///
    /// - Parameter locals: The numbers of local names; their places are not mentions.
    mutating func add(_ tokens: ArraySlice<Token>, _ locals: Locals? = nil) {
        let brackets = Brackets(of: tokens)
        for place in tokens.indices {
            let token = tokens[place]
            let before = place > tokens.startIndex ? tokens[place - 1] : nil
            // Where a statement begins on a new line, what stands there is none that goes on with the one before.
            if token.startsLine, before?.endsOperand ?? false,
                token.beginsStatement || token.isMark("(") || token.isMark("[")
            {
                hasher.add("line")
            }
            if let number = locals?.numbers[place] {
                hasher.add("local")
                hasher.add(number)
                continue
            }
            hasher.add("\(token.kind)\(token.isQuoted ? " quoted" : "")")
            hasher.add(token.text)
            if token.kind == .word {
                if isMention(place, tokens, brackets) { mentions.insert(qualified(place, tokens)) }
                if before?.isMark("#") ?? false { directive(token.text, at: place, tokens) }
            }
            if token.isOperator { mention(operator: token.text) }
        }
    }

    /// Whether a word may mean a declaration: it is no keyword, no label and not where a name is declared.
    private func isMention(_ place: Int, _ tokens: ArraySlice<Token>, _ brackets: Brackets) -> Bool {
        let token = tokens[place]
        guard token.isQuoted || !Self.keywords.contains(token.text) else { return false }
        guard place > tokens.startIndex else { return true }
        let before = tokens[place - 1]
        let after = place + 1 < tokens.endIndex ? tokens[place + 1] : nil
        let isInCall = brackets.opener(place).map { tokens[$0].isMark("(") } ?? false
        if isInCall, before.isMark("(") || before.isMark(","), after?.isMark(":") ?? false {
            return false
        }
        guard before.kind == .word, !before.isQuoted else { return true }
        switch before.text {
        case "func", "struct", "class", "enum", "protocol", "typealias", "associatedtype": return false
        // `if let name {` means another one, too.
        case "let", "var": return !(after?.isMark(":") ?? false || after?.text == "=")
        default: return true
        }
    }

    /// A word with the member that is named behind it, as in `Filters.bandpass`: of which only the member may be meant.
    private func qualified(_ place: Int, _ tokens: ArraySlice<Token>) -> String {
        guard place + 2 < tokens.endIndex, tokens[place + 1].isMark("."),
            tokens[place + 2].kind == .word,
            !["init", "self", "Type", "Protocol"].contains(tokens[place + 2].text)
        else { return tokens[place].text }
        return "\(tokens[place].text).\(tokens[place + 2].text)"
    }

    /// Adds what the types and extensions say in which a declaration is: on that depends to what it belongs, but it does not
    /// mention them; `Self` does.
    mutating func add(headersAround declaration: Declaration) {
        let usesSelf = declaration.tokens.contains { $0.isWord("Self") }
        var container = declaration.container
        while let around = container {
            for token in around.header { hasher.add(token.text) }
            if usesSelf { mentions.formUnion(around.names) }
            container = around.container
        }
    }

    /// An operator may be several that stand next to each other, such as `!` and `+` in `a!+b`.
    private mutating func mention(operator text: String) {
        let scalars = Array(text.unicodeScalars)
        for start in scalars.indices {
            for end in start..<scalars.count {
                mentions.insert(String(String.UnicodeScalarView(scalars[start...end])))
            }
        }
    }

    private mutating func directive(_ word: String, at place: Int, _ tokens: ArraySlice<Token>) {
        switch word {
        case "line", "column", "file", "fileID", "filePath": usesPosition = true
        case "if", "elseif":
            let rest = tokens[(place + 1)...]
            if let end = rest.firstIndex(where: { $0.kind == .directiveEnd }) {
                conditions.insert(rest[..<end].condition)
            }
        default: break
        }
    }

    /// Makes the words of texts mentions, as of the names in `#externalMacro(module: "M", type: "T")`.
    mutating func mention(textsOf tokens: ArraySlice<Token>) {
        for token in tokens where token.kind == .text { mentions.insert(token.text) }
    }
}
