/// The local names of a declaration that can be told by numbers instead: renaming one changes nothing.
///
/// A name is such a one only if everything that could mean it is certain to mean something that is declared in here: every
/// place where it stands is where it is bound, or in the range of such a binding. Whatever is not certain keeps its name, so that
/// another name is another function.
struct Locals {
    /// For each token that stands for a local name its number.
    private(set) var numbers: [Int: Int] = [:]
    /// All names that are bound in here, certain or not.
    private(set) var bound: Set<String> = []
    /// Those of them that mean nothing else anywhere in here.
    private(set) var certain: Set<String> = []

    private struct Binding {
        let name: String
        let place: Int
        /// Where the name means it.
        let range: Range<Int>
        /// Whether the name is also looked up outside: `if let name {`.
        var needsOuter = false
    }

    let tokens: ArraySlice<Token>
    let brackets: Brackets
    private var bindings: [Binding] = []
    /// Names that mean something without being declared.
    private static let implicit: Set<String> = [
        "self", "Self", "super", "_", "error", "newValue", "oldValue", "in", "init", "get", "set",
    ]
    private var doubtful = implicit

    /// - Parameters:
    ///   - first: Where local names may begin: behind the declaration's own name.
    ///   - hasParameters: Whether the first bracket from there on holds parameters.
    init(of tokens: ArraySlice<Token>, from first: Int, hasParameters: Bool) {
        self.tokens = tokens
        brackets = Brackets(of: tokens)
        if hasParameters { parameters(at: first) }
        for place in first..<max(first, tokens.endIndex) { bind(at: place) }
        bound = Set(bindings.map(\.name)).union(doubtful).subtracting(Self.implicit)
        guard !tokens[min(first, tokens.endIndex)...].hasTypesOrMacros else { return }
        number(from: first)
    }

    func token(_ place: Int) -> Token? { tokens.indices.contains(place) ? tokens[place] : nil }

    // MARK: Bindings

    private mutating func bind(at place: Int) {
        let token = tokens[place]
        if token.isWord("let") || token.isWord("var") { variable(at: place) }
        if token.isWord("for") { loop(at: place) }
        if token.isWord("func") || token.isWord("typealias"), let name = self.token(place + 1) {
            doubtful.insert(name.text)
            if token.isWord("func") { parameters(at: place + 2) }
        }
        if token.isMark("{") { closure(at: place) }
    }

    /// The names of parameters; one that is a label, too, is no name that can be changed.
    private mutating func parameters(at place: Int) {
        guard let open = (place..<tokens.endIndex).first(where: { tokens[$0].opens }),
            tokens[open].isMark("("),
            let close = brackets.end(of: open)
        else { return }
        let body = (close..<tokens.endIndex).first {
            tokens[$0].isMark("{") && brackets.depth($0) == brackets.depth(open)
        }
        let end = body.flatMap { brackets.end(of: $0) } ?? tokens.endIndex
        var start = open + 1
        while start < close {
            let next =
                (start..<close).first { tokens[$0].isMark(",") && brackets.opener($0) == open } ?? close
            let names = tokens[start..<next].prefix { !$0.isMark(":") }.filter { $0.kind == .word }
            if let colon = (start..<next).first(where: {
                tokens[$0].isMark(":") && brackets.opener($0) == open
            }) {
                let name = tokens[colon - 1]
                doubtful.formUnion(names.dropLast().map(\.text))
                if names.count == 2, colon == start + 2, name.kind == .word {
                    bindings.append(Binding(name: name.text, place: colon - 1, range: (body ?? close)..<end))
                } else {
                    doubtful.insert(name.text)
                }
            }
            start = next + 1
        }
    }

    private mutating func variable(at place: Int) {
        var names: [Int] = []
        var after = place + 1
        if token(place + 1)?.kind == .word {
            names = [place + 1]
            after = place + 2
        } else if token(place + 1)?.isMark("(") ?? false, let end = brackets.end(of: place + 1) {
            names = (place + 2..<end).filter { tokens[$0].kind == .word }
            after = end + 1
        }
        // `case let Kind.name(value)` and what else is no plain name.
        guard let next = token(after), !next.isMark("."), !next.isMark("(") || next.startsLine else {
            return doubtful.formUnion(names.map { tokens[$0].text })
        }
        let range = scope(of: place, after: after)
        for name in names {
            guard let range else {
                doubtful.insert(tokens[name].text)
                continue
            }
            let isShort = next.isMark(",") || next.isMark("{") || next.isWord("else")
            bindings.append(
                Binding(name: tokens[name].text, place: name, range: range, needsOuter: isShort)
            )
        }
    }

    private mutating func loop(at place: Int) {
        var first = place + 1
        while let token = token(first),
            token.isWord("try") || token.isWord("await") || token.isWord("unsafe")
        {
            first += 1
        }
        var names: [Int] = []
        if token(first)?.kind == .word, token(first + 1)?.isWord("in") ?? false {
            names = [first]
        } else if token(first)?.isMark("(") ?? false, let end = brackets.end(of: first) {
            names = (first..<end).filter { tokens[$0].kind == .word }
        }
        let depth = brackets.depth(place)
        let body = (place..<tokens.endIndex).first {
            tokens[$0].isMark("{") && brackets.depth($0) == depth
        }
        for name in names {
            if let body, let end = brackets.end(of: body) {
                bindings.append(Binding(name: tokens[name].text, place: name, range: body..<end))
            } else {
                doubtful.insert(tokens[name].text)
            }
        }
    }

    /// The parameters of a closure: `{ a, b in`, `{ [weak self] (a: Int, b) -> Int in`.
    private mutating func closure(at open: Int) {
        guard let end = brackets.end(of: open) else { return }
        var here = open + 1
        while token(here)?.isMark("@") ?? false { here += 2 }
        if token(here)?.isMark("[") ?? false, let close = brackets.end(of: here) { here = close + 1 }
        var names: [Int] = []
        if token(here)?.isMark("(") ?? false, let close = brackets.end(of: here) {
            names = (here + 1..<close).filter { place in
                tokens[place].kind == .word && brackets.opener(place) == here
                    && (tokens[place - 1].isMark("(") || tokens[place - 1].isMark(",")
                        || tokens[place - 1].isWord("_"))
                    && (tokens[place + 1].isMark(":") || tokens[place + 1].isMark(",")
                        || tokens[place + 1].isMark(")"))
            }
            here = close + 1
        } else {
            while let token = token(here), token.kind == .word, !token.isWord("in") {
                names.append(here)
                here += 1
                if self.token(here)?.isMark(",") ?? false { here += 1 } else { break }
            }
            guard let token = token(here), ["in", "async", "throws", "->"].contains(token.text) else {
                return
            }
        }
        // What may stand between the parameters and `in`: effects and the type that is returned.
        while let token = token(here), here < end, !token.isWord("in") {
            guard
                token.kind == .word || token.text == "->" || token.text == "<" || token.text == ">"
                    || token.text == "?"
                    || token.isMark(".") || token.isMark(":") || token.isMark(",") || token.opens
                    || token.closes,
                !token.startsLine
            else { return }
            here += 1
        }
        guard token(here)?.isWord("in") ?? false, names.allSatisfy({ tokens[$0].text != "for" }) else {
            return
        }
        for name in names {
            bindings.append(Binding(name: tokens[name].text, place: name, range: here..<end))
        }
    }

    // MARK: Numbers

    private mutating func number(from first: Int) {
        let places = Dictionary(grouping: bindings, by: \.name)
        var uses: [String: [Int]] = [:]
        for place in first..<max(first, tokens.endIndex) {
            let token = tokens[place]
            guard token.kind == .word, let known = places[token.text] else { continue }
            let before = place > tokens.startIndex ? tokens[place - 1] : token
            if before.isMark(".") { continue }
            let isBinding = known.contains { $0.place == place }
            if before.isMark("#") || before.isMark("@") || before.isMark("\\") {
                doubtful.insert(token.text)
            }
            if !isBinding, self.token(place + 1)?.isMark(":") ?? false {
                let opener = brackets.opener(place).map { tokens[$0] }
                if opener?.isMark("(") ?? false, before.isMark("(") || before.isMark(",") { continue }
                if opener?.isMark("[") ?? false { doubtful.insert(token.text) }
            }
            let covering = known.filter { $0.range.contains(place) && $0.place != place }
            let isOuter = known.contains { $0.place == place && $0.needsOuter }
            if covering.isEmpty, !isBinding || isOuter { doubtful.insert(token.text) }
            uses[token.text, default: []].append(place)
        }
        var order: [(name: String, places: [Int])] = []
        for (name, places) in uses where !doubtful.contains(name) { order.append((name, places)) }
        certain = Set(order.map(\.name))
        for (number, name) in order.sorted(by: { $0.places[0] < $1.places[0] }).enumerated() {
            for place in name.places { numbers[place] = number }
        }
    }
}

extension ArraySlice<Token> {
    private static let known: Set<String> = [
        "if", "elseif", "else", "endif", "file", "fileID", "filePath", "line", "column", "function",
        "available",
        "unavailable",
        "warning", "error", "dsohandle", "isolation",
    ]

    /// Whether there are types in it, whose members are no local names, or macros, which can see names.
    fileprivate var hasTypesOrMacros: Bool {
        indices.contains { place in
            let token = self[place]
            if token.isMark("#"), place + 1 < endIndex {
                return !Self.known.contains(self[place + 1].text)
            }
            guard place + 1 < endIndex, self[place + 1].kind == .word,
                place == startIndex || !self[place - 1].isMark(".")
            else {
                return false
            }
            return ["struct", "class", "enum", "actor", "protocol", "extension"].contains {
                token.isWord($0)
            }
        }
    }
}
