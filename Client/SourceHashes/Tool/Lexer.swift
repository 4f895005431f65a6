/// Cuts Swift source into tokens; what it does not understand is an error.
struct Lexer {
    let file: String
    let source: [Unicode.Scalar]
    var place = 0
    var line = 1
    var startsLine = true
    var tokens: [Token] = []
    /// Set while a line that begins with a directive goes on.
    var isInDirective = false

    static func tokens(of text: String, file: String) throws -> [Token] {
        var lexer = Lexer(file: file, source: Array(text.unicodeScalars))
        try lexer.run(until: nil)
        lexer.endDirective()
        return lexer.tokens
    }

    private init(file: String, source: [Unicode.Scalar]) {
        self.file = file
        self.source = source
        if source.starts(with: "#!".unicodeScalars) { skipLine() }
    }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        source.indices.contains(place + offset) ? source[place + offset] : nil
    }

    func at(_ text: String) -> Bool { source[place...].starts(with: text.unicodeScalars) }

    func failure(_ message: String, line: Int? = nil) -> SourceError {
        SourceError(file: file, line: line ?? self.line, message: message)
    }

    /// Up to the bracket that closes an interpolation, or to the end.
    mutating func run(until end: Unicode.Scalar?) throws {
        let begin = line
        var depth = 0
        while true {
            try skipBlank()
            guard let next = peek() else {
                if end != nil { throw failure("an interpolation is not closed", line: begin) }
                return
            }
            if next == "(" { depth += 1 }
            if next == ")", end == ")" {
                guard depth > 0 else { return }
                depth -= 1
            }
            try token(next)
        }
    }

    mutating func add(_ kind: Token.Kind, _ text: String, line: Int? = nil, isQuoted: Bool = false) {
        tokens.append(
            Token(
                kind: kind,
                text: text,
                line: line ?? self.line,
                startsLine: startsLine,
                isQuoted: isQuoted
            )
        )
        startsLine = false
    }

    private mutating func token(_ next: Unicode.Scalar) throws {
        if next == "\"" { return try string(hashes: 0) }
        if next == "#" { return try hash() }
        if next == "`" { return try quoted() }
        if Self.beginsWord(next) { return word() }
        if next.isDigit { return number() }
        if next == "/", let end = endOfRegex() {
            return regex(from: place + 1, to: end, after: end + 1)
        }
        if Self.isOperator(next) || (next == "." && peek(1) == ".") { return operatorToken() }
        guard "()[]{},;:.@\\".unicodeScalars.contains(next) else {
            throw failure("\"\(next)\" is not understood here")
        }
        add(.punctuation, String(next))
        place += 1
    }

    // MARK: White space and comments

    private mutating func skipBlank() throws {
        while let next = peek() {
            if next == "\n" || next == "\r" {
                endDirective()
                if next == "\n" { line += 1 }
                startsLine = true
                place += 1
            } else if next == " " || next == "\t" || next == "\u{0B}" || next == "\u{0C}"
                || next == "\u{FEFF}"
            {
                place += 1
            } else if next != "/" {
                return
            } else if at("//") {
                skipLine()
            } else if at("/*") {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipLine() {
        while let next = peek(), next != "\n", next != "\r" { place += 1 }
    }

    private mutating func skipComment() throws {
        let begin = line
        var depth = 0
        repeat {
            guard let next = peek() else { throw failure("a comment is not closed", line: begin) }
            if at("/*") {
                depth += 1
                place += 2
            } else if at("*/") {
                depth -= 1
                place += 2
            } else {
                if next == "\n" {
                    line += 1
                    startsLine = true
                }
                place += 1
            }
        } while depth > 0
    }

    private mutating func endDirective() {
        if isInDirective {
            tokens.append(Token(kind: .directiveEnd, text: "", line: line, startsLine: false))
        }
        isInDirective = false
    }

    // MARK: Words and numbers

    private static func beginsWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "$" || scalar.properties.isXIDStart
            || (scalar.value > 127 && !isOperator(scalar))
    }

    static func continuesWord(_ scalar: Unicode.Scalar) -> Bool {
        beginsWord(scalar) || scalar.isDigit
    }

    private mutating func word() {
        let begin = place
        while let next = peek(), Self.continuesWord(next) { place += 1 }
        add(.word, String(source[begin..<place]))
    }

    private mutating func quoted() throws {
        place += 1
        let begin = place
        while let next = peek(), next != "`", next != "\n" { place += 1 }
        guard peek() == "`" else { throw failure("a name in backticks is not closed") }
        add(.word, String(source[begin..<place]), isQuoted: true)
        place += 1
    }

    private mutating func number() {
        let begin = place
        let isHex = at("0x")
        while let next = peek() {
            let previous = source[max(begin, place - 1)]
            let isExponent =
                isHex ? previous == "p" || previous == "P" : previous == "e" || previous == "E"
            let isFraction =
                next == "." && (peek(1)?.isDigit ?? false || isHex && peek(1)?.isHexDigit ?? false)
            let isSign = (next == "+" || next == "-") && isExponent && place > begin
            // A number that is a member's name, as in `pair.0.1`, has no fraction.
            if isFraction, tokens.last?.isMark(".") ?? false, !startsLine { break }
            guard Self.continuesWord(next) || isFraction || isSign else { break }
            place += 1
        }
        add(.number, String(source[begin..<place]))
    }

    // MARK: Operators

    private static func isOperator(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 128 { return "/=-+!*%<>&|^~?".unicodeScalars.contains(scalar) }
        switch scalar.value {
        case 0xA1...0xA7, 0xA9, 0xAB, 0xAC, 0xAE, 0xB0, 0xB1, 0xB6, 0xBB, 0xBF, 0xD7, 0xF7, 0x2016,
            0x2017,
            0x2020...0x2027,
            0x2030...0x203E, 0x2041...0x2053, 0x2055...0x205E, 0x2190...0x23FF, 0x2500...0x2775,
            0x2794...0x2BFF,
            0x2E00...0x2E7F, 0x3001...0x3003, 0x3008...0x3020, 0x3030:
            return true
        default: return false
        }
    }

    private mutating func operatorToken() {
        let begin = place
        let hasDots = peek() == "."
        while let next = peek(), Self.isOperator(next) || (hasDots && next == ".") {
            if place > begin, at("//") || at("/*") { break }
            place += 1
        }
        let text = String(source[begin..<place])
        let before = begin > 0 ? source[begin - 1] : "\n"
        let endsComment = begin > 1 && before == "/" && source[begin - 2] == "*"
        let isLeftBound = !before.isBlank && !"([{,;:".unicodeScalars.contains(before) && !endsComment
        let after = peek() ?? "\n"
        let isRightBound =
            !after.isBlank && !")]},;:".unicodeScalars.contains(after) && !at("//") && !at("/*")
        if isLeftBound == isRightBound {
            add(.infixOperator, text)
        } else {
            // What a member follows, as in `name?.count`, is behind its operand.
            add(isLeftBound ? .postfixOperator : .prefixOperator, text)
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }

    fileprivate var isHexDigit: Bool {
        isDigit || ("a"..."f").contains(self) || ("A"..."F").contains(self)
    }

    var isBlank: Bool { self == " " || self == "\t" || self == "\n" || self == "\r" }
}

extension String {
    init(_ scalars: ArraySlice<Unicode.Scalar>) { self.init(String.UnicodeScalarView(scalars)) }
}

extension String.UnicodeScalarView {
    init(_ scalars: ArraySlice<Unicode.Scalar>) {
        self.init()
        append(contentsOf: scalars)
    }
}
