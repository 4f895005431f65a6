/// Finds the declarations in a file's tokens.
struct Parser {
    private let file: String
    private let tokens: [Token]
    private var place = 0
    /// The conditions of each `#if` that is open, with those of its branches so far.
    private var open: [[String]] = []

    static func declarations(in tokens: [Token], file: String) throws -> [Declaration] {
        var parser = Parser(file: file, tokens: tokens)
        let found = try parser.declarations()
        guard parser.place == tokens.count else { throw parser.failure("a bracket closes nothing") }
        return found
    }

    private init(file: String, tokens: [Token]) {
        self.file = file
        self.tokens = tokens
    }

    private func failure(_ message: String) -> SourceError {
        let line = tokens.indices.contains(place) ? tokens[place].line : tokens.last?.line ?? 1
        return SourceError(file: file, line: line, message: message)
    }

    private func peek(_ offset: Int = 0) -> Token? {
        tokens.indices.contains(place + offset) ? tokens[place + offset] : nil
    }

    private static let modifiers: Set<String> = [
        "public", "private", "fileprivate", "internal", "open", "package", "static", "final",
        "override", "mutating",
        "nonmutating", "lazy", "weak", "unowned", "dynamic", "optional", "required", "convenience",
        "indirect",
        "prefix",
        "postfix", "infix", "nonisolated", "isolated", "distributed", "borrowing", "consuming",
        "sending", "async",
        "unsafe",
        "safe", "class", "__consuming", "rethrows",
    ]
    private static let introducers: Set<String> = [
        "func", "init", "deinit", "subscript", "var", "let", "case", "typealias", "associatedtype",
        "struct", "class",
        "enum",
        "actor", "protocol", "extension", "operator", "precedencegroup", "macro", "import",
    ]

    // MARK: Lists of declarations

    private mutating func declarations() throws -> [Declaration] {
        var found: [Declaration] = []
        while let token = peek(), !token.isMark("}") {
            if token.isMark(";") || token.kind == .directiveEnd {
                place += 1
            } else if token.isMark("#"), let word = peek(1)?.text, isDirective(word) {
                directive(word)
            } else {
                found.append(try declaration())
            }
        }
        return found
    }

    private func isDirective(_ word: String) -> Bool {
        ["if", "elseif", "else", "endif", "sourceLocation", "warning", "error"].contains(word)
    }

    private mutating func directive(_ word: String) {
        let begin = place + 2
        while let token = peek(), token.kind != .directiveEnd { place += 1 }
        let condition = tokens[begin..<place].condition
        switch word {
        case "if": open.append([condition])
        case "elseif": if !open.isEmpty { open[open.count - 1].append(condition) }
        case "endif": _ = open.popLast()
        default: break
        }
    }

    // MARK: One declaration

    private mutating func declaration() throws -> Declaration {
        let begin = place
        let modifiers = try prelude()
        guard let token = peek() else {
            throw failure("a declaration is missing behind its attributes")
        }
        guard token.kind == .word, !token.isQuoted, let kind = Declaration.Kind(rawValue: token.text),
            kind != .statement,
            isIntroducer()
        else {
            return try other(from: begin, modifiers)
        }
        place += 1
        switch kind {
        case .function: return try callable(kind, from: begin, modifiers, names: [try functionName()])
        case .initializer, .subscripted, .deinitializer:
            return try callable(kind, from: begin, modifiers, names: [kind.rawValue])
        case .variable, .constant: return try variable(kind, from: begin, modifiers)
        case .enumCase: return try cases(from: begin, modifiers)
        case .structure, .classType, .enumeration, .actor, .protocolType, .extended:
            return try type(kind, from: begin, modifiers)
        case .operatorSign, .precedence, .typeAlias, .associatedType, .macro, .imported:
            return try simple(kind, from: begin, modifiers)
        case .expansion, .statement: return try other(from: begin, modifiers)
        }
    }

    /// Attributes and modifiers.
    private mutating func prelude() throws -> Set<String> {
        var modifiers: Set<String> = []
        while let token = peek() {
            if token.isMark("@") {
                place += 2
                while peek()?.isMark(".") ?? false { place += 2 }
                if peek()?.text == "<", peek()?.isOperator ?? false { skipGenerics() }
                if peek()?.isMark("(") ?? false, !(peek()?.startsLine ?? false) { try skipBrackets() }
            } else if token.kind == .word, !token.isQuoted, Self.modifiers.contains(token.text),
                isModifier()
            {
                let isOfSetter = peek(1)?.isMark("(") ?? false && peek(2)?.isWord("set") ?? false
                if !isOfSetter { modifiers.insert(token.text) }
                place += 1
                if peek()?.isMark("(") ?? false { try skipBrackets() }
            } else {
                break
            }
        }
        return modifiers
    }

    /// Whether the word here is a modifier, and not the name of something or an introducer.
    private func isModifier() -> Bool {
        guard let next = peek(1) else { return false }
        if next.isMark("(") { return peek(3)?.isMark(")") ?? false && peek(4)?.kind == .word }
        return next.kind == .word
            && (Self.modifiers.contains(next.text) || Self.introducers.contains(next.text))
    }

    private func isIntroducer() -> Bool {
        guard let next = peek(1) else { return false }
        switch peek()?.text {
        case "extension" where next.isMark("["): return true
        case "actor", "macro", "precedencegroup", "extension", "struct", "class", "enum", "protocol",
            "typealias",
            "import",
            "associatedtype", "case", "let", "var":
            return next.kind == .word || next.isMark("(") || next.isMark("@")
        case "init": return next.isMark("(") || next.isOperator
        case "deinit": return next.isMark("{")
        case "subscript": return next.isMark("(") || next.isOperator
        case "func", "operator": return true
        default: return false
        }
    }

    private mutating func functionName() throws -> String {
        guard let token = peek(), token.kind == .word || token.isOperator else {
            throw failure("a function has no name")
        }
        place += 1
        // The generic parameters of an operator are written next to its name: `func ==<T>(`.
        if token.isOperator, token.text.count > 1, token.text.hasSuffix("<"), peek()?.kind == .word {
            return String(token.text.dropLast())
        }
        return token.text
    }

    private mutating func callable(
        _ kind: Declaration.Kind,
        from begin: Int,
        _ modifiers: Set<String>,
        names: [String]
    ) throws -> Declaration {
        let afterName = place
        while let token = peek(), !token.isMark("}"), !token.isMark(";"), !isBoundary(from: begin) {
            if token.isMark("{") {
                try skipBrackets()
                break
            }
            if token.opens { try skipBrackets() } else { place += 1 }
        }
        return made(kind, names, from: begin, afterName, modifiers)
    }

    private mutating func variable(
        _ kind: Declaration.Kind,
        from begin: Int,
        _ modifiers: Set<String>
    ) throws -> Declaration {
        let afterName = place
        var names: [String] = []
        var isPattern = true
        while let token = peek(), !token.isMark("}"), !token.isMark(";"), !isBoundary(from: begin) {
            if token.isMark("(") || token.isMark("[") || token.isMark("{") {
                let start = place
                try skipBrackets()
                // A tuple of names.
                if isPattern, token.isMark("(") {
                    names += tokens[start..<place].filter { $0.kind == .word }.map(\.text)
                }
                continue
            }
            if isPattern, token.kind == .word, peek(1)?.followsName ?? true { names.append(token.text) }
            if token.kind == .word || token.isMark(":") || token.text == "=" { isPattern = false }
            if token.isMark(",") { isPattern = true }
            place += 1
        }
        return made(kind, names, from: begin, afterName, modifiers)
    }

    private mutating func cases(from begin: Int, _ modifiers: Set<String>) throws -> Declaration {
        let afterName = place
        var names: [String] = []
        var isName = true
        while let token = peek(), !token.isMark("}"), !token.isMark(";"), !isBoundary(from: begin) {
            if isName, token.kind == .word { names.append(token.text) }
            isName = token.isMark(",")
            if token.opens { try skipBrackets() } else { place += 1 }
        }
        return made(.enumCase, names, from: begin, afterName, modifiers)
    }

    private mutating func type(
        _ kind: Declaration.Kind,
        from begin: Int,
        _ modifiers: Set<String>
    ) throws -> Declaration {
        var name = peek().map { $0.isMark("[") ? "Array" : $0.text } ?? ""
        let afterName = place + 1
        var conforms = false
        var isName = true
        while let token = peek(), !token.isMark("{") {
            if token.isMark("}") || token.isMark(";") {
                throw failure("\(kind.rawValue) \(name) has no body")
            }
            if token.isMark(":") { conforms = true }
            if token.isMark(":") || token.isWord("where") || token.isOperator { isName = false }
            // Of `extension A.B` the name is B.
            if kind == .extended, isName, token.kind == .word { name = token.text }
            if token.opens { try skipBrackets() } else { place += 1 }
        }
        guard peek() != nil else { throw failure("\(kind.rawValue) \(name) has no body") }
        place += 1
        let members = try declarations()
        guard peek()?.isMark("}") ?? false else {
            throw failure("\(kind.rawValue) \(name) is not closed")
        }
        place += 1
        let declaration = made(kind, [name], from: begin, afterName, modifiers)
        declaration.conforms = conforms
        declaration.members = members
        for member in members { member.container = declaration }
        return declaration
    }

    private mutating func simple(
        _ kind: Declaration.Kind,
        from begin: Int,
        _ modifiers: Set<String>
    ) throws -> Declaration {
        var names = peek().map { [$0.text] } ?? []
        if kind == .imported {
            names = tokens[place...].prefix { !$0.startsLine && !$0.isMark(";") }.map(\.text)
        }
        place += 1
        let afterName = place
        while let token = peek(), !token.isMark("}"), !token.isMark(";"), !isBoundary(from: begin) {
            if token.opens { try skipBrackets() } else { place += 1 }
        }
        return made(kind, names, from: begin, afterName, modifiers)
    }

    /// A macro that stands for declarations, or code at the top level.
    private mutating func other(from begin: Int, _ modifiers: Set<String>) throws -> Declaration {
        let kind: Declaration.Kind = peek()?.isMark("#") ?? false ? .expansion : .statement
        repeat {
            if peek()?.opens ?? false { try skipBrackets() } else { place += 1 }
        } while peek().map { !$0.isMark("}") && !$0.isMark(";") && !isBoundary(from: begin) } ?? false
        return made(kind, [], from: begin, place, modifiers)
    }

    private func made(
        _ kind: Declaration.Kind,
        _ names: [String],
        from begin: Int,
        _ afterName: Int,
        _ modifiers: Set<String>
    ) -> Declaration {
        Declaration(
            kind,
            names: names,
            tokens: tokens[begin..<place],
            afterName: min(afterName, place),
            modifiers: modifiers,
            conditions: open.flatMap(\.self)
        )
    }

    // MARK: Ends

    /// Whether something else begins here: a directive, or on a new line what can't go on with what is before.
    private func isBoundary(from begin: Int) -> Bool {
        guard place > begin, let token = peek() else { return false }
        if token.isMark("#"), let word = peek(1)?.text, token.startsLine, isDirective(word) {
            return true
        }
        if token.kind == .directiveEnd { return true }
        return token.startsLine && tokens[place - 1].endsOperand && token.beginsStatement
    }

    private mutating func skipBrackets() throws {
        let begin = place
        var open: [String] = []
        repeat {
            guard let token = peek() else {
                place = begin
                throw failure("a bracket is not closed")
            }
            if token.opens { open.append(token.text) }
            if token.closes {
                let pairs = ["(": ")", "[": "]", "{": "}", "\\(": ")"]
                guard let last = open.popLast(), pairs[last] == token.text else {
                    throw failure("a bracket closes another kind")
                }
            }
            place += 1
        } while !open.isEmpty
    }

    private mutating func skipGenerics() {
        var depth = 0
        repeat {
            guard let token = peek() else { return }
            depth += token.text.filter { $0 == "<" }.count - token.text.filter { $0 == ">" }.count
            place += 1
        } while depth > 0
    }
}
