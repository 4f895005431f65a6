/// Which brackets of some tokens belong together.
struct Brackets {
    private let first: Int
    private var partner: [Int: Int] = [:]
    /// For each token the bracket in which it is; of a bracket itself the one around it.
    private var openers: [Int?] = []
    private var depths: [Int] = []
    private let count: Int
    private var braces: Set<Int> = []

    init(of tokens: ArraySlice<Token>) {
        first = tokens.startIndex
        count = tokens.count
        var open: [Int] = []
        for place in tokens.indices {
            if tokens[place].closes, let start = open.popLast() {
                partner[start] = place
                partner[place] = start
            }
            openers.append(open.last)
            depths.append(open.count)
            if tokens[place].opens {
                open.append(place)
                if tokens[place].isMark("{") { braces.insert(place) }
            }
        }
    }

    func end(of open: Int) -> Int? { partner[open] }
    func start(of close: Int) -> Int? { partner[close] }
    func opener(_ place: Int) -> Int? { openers[place - first] }
    /// How many brackets are open around a token.
    func depth(_ place: Int) -> Int { place - first < depths.count ? depths[place - first] : 0 }

    /// Where the block ends in which a token is.
    func blockEnd(of place: Int) -> Int {
        var here = opener(place)
        while let open = here, !braces.contains(open) { here = opener(open) }
        return here.flatMap { partner[$0] } ?? first + count
    }
}
