// Strings, their interpolations, and regular expressions.
extension Lexer {
    mutating func hash() throws {
        var hashes = 0
        while peek(hashes) == "#" { hashes += 1 }
        switch peek(hashes) {
        case "\"":
            place += hashes
            try string(hashes: hashes)
        case "/": try extendedRegex(hashes: hashes)
        default:
            let isFirst = startsLine
            add(.punctuation, "#")
            place += 1
            let directives = ["if", "elseif", "else", "endif", "sourceLocation", "warning", "error"]
            let begin = place
            var end = place
            while source.indices.contains(end), Self.continuesWord(source[end]) { end += 1 }
            if isFirst, directives.contains(String(source[begin..<end])) { isInDirective = true }
        }
    }

    mutating func string(hashes: Int) throws {
        let begin = line
        let pounds = String(repeating: "#", count: hashes)
        let isLong = at("\"\"\"")
        let end = (isLong ? "\"\"\"" : "\"") + pounds
        place += isLong ? 3 : 1
        add(.punctuation, "\"", line: begin)
        var own: [Int] = []
        var part = ""
        while !at(end) {
            guard let next = peek(), isLong || next != "\n" else {
                throw failure("a string is not closed", line: begin)
            }
            if at("\\" + pounds + "(") {
                own.append(tokens.count)
                add(.text, part)
                part = ""
                place += 2 + hashes
                add(.punctuation, "\\(")
                try run(until: ")")
                place += 1
                add(.punctuation, ")")
            } else if at("\\" + pounds) {
                part.unicodeScalars.append(
                    contentsOf: source[place..<min(source.count, place + hashes + 2)]
                )
                if peek(hashes + 1) == "\n" { line += 1 }
                place += hashes + 2
            } else {
                if next == "\n" { line += 1 }
                part.unicodeScalars.append(next)
                place += 1
            }
        }
        own.append(tokens.count)
        add(.text, part)
        place += (isLong ? 3 : 1) + hashes
        if isLong { strip(own) }
        add(.punctuation, "\"\(pounds)")
        startsLine = false
    }

    /// Takes the indentation of the closing quotes from every line, as the compiler does.
    private mutating func strip(_ parts: [Int]) {
        let indentation = String(
            tokens[tokens.count - 1].text.reversed().prefix { $0 != "\n" }.reversed()
        )
        guard indentation.allSatisfy({ $0 == " " || $0 == "\t" }) else { return }
        for place in parts {
            let token = tokens[place]
            let text = token.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .map {
                    row,
                    line in
                    row > 0 && line.hasPrefix(indentation)
                        ? String(line.dropFirst(indentation.count)) : String(line)
                }.joined(separator: "\n")
            tokens[place] = Token(kind: .text, text: text, line: token.line, startsLine: token.startsLine)
        }
    }

    /// Where the regular expression ends that begins here, if one can begin here and ends on its line.
    func endOfRegex() -> Int? {
        guard let after = peek(1), !after.isBlank, after != "/", after != "*" else { return nil }
        if let last = tokens.last, !startsLine {
            let isOperand =
                last.kind == .number || last.closes || last.kind == .postfixOperator || last.isMark("\"")
                || (last.kind == .word
                    && !["return", "in", "case", "try", "await", "throw"].contains(last.text))
                || (last.kind == .punctuation && last.text.hasPrefix("\""))
            if isOperand { return nil }
        }
        var end = place + 1
        while source.indices.contains(end), source[end] != "\n" {
            if source[end] == "\\" { end += 1 } else if source[end] == "/" { return end }
            end += 1
        }
        return nil
    }

    mutating func regex(from begin: Int, to end: Int, after: Int) {
        let text = String(String.UnicodeScalarView(source[begin..<end]))
        add(.text, "/\(text)/")
        line += text.unicodeScalars.filter { $0 == "\n" }.count
        place = after
    }

    private mutating func extendedRegex(hashes: Int) throws {
        let close = "/" + String(repeating: "#", count: hashes)
        var end = place + hashes + 1
        while source.indices.contains(end), !source[end...].starts(with: close.unicodeScalars) {
            end += 1
        }
        guard source.indices.contains(end) else { throw failure("a regular expression is not closed") }
        regex(from: place + hashes + 1, to: end, after: end + 1 + hashes)
    }
}
