/// Everything that can be reached by name from some names, in the order in which they lead there.
///
/// The hash is over every node's own bytes and the numbers to which its names lead: declarations that mention each other are
/// hashed as one, and neither files nor the order in them matter. A name leads to everything in the project that has it.
struct Reach {
    private let index: Index
    private(set) var hash = ""
    private var numbers: [Int: Int] = [:]
    private var order: [Int] = []

    /// - Parameters:
    ///   - own: What the source from which it begins is.
    ///   - module, file: Where that is.
    init(_ index: Index, from own: String, mentioning names: [String], module: Int, file: String) {
        self.index = index
        var hasher = Hasher256()
        hasher.add(own)
        // First all numbers, then the bytes: a name may lead back.
        var starts: [[(number: Int, flags: String)]] = []
        for name in names { starts.append(targets(name, module, file)) }
        starts.append(sorted(index.ambient, module, file))
        for target in starts.joined() { visit(target.number) }
        add(names + ["ambient"], starts, &hasher)
        for number in order {
            let node = index.nodes[number]
            hasher.add(node.own)
            add(node.mentions, node.mentions.map { targets($0, node.module, node.file) }, &hasher)
        }
        hash = hasher.hex
    }

    /// The declarations that were reached.
    var nodes: [Node] { order.map { index.nodes[$0] } }

    var conditions: Set<String> { nodes.reduce(into: []) { $0.formUnion($1.conditions) } }

    private mutating func visit(_ start: Int) {
        var todo = [start]
        while let number = todo.popLast() {
            guard numbers[number] == nil else { continue }
            numbers[number] = order.count
            order.append(number)
            let node = index.nodes[number]
            for name in node.mentions.reversed() {
                for target in targets(name, node.module, node.file).reversed() {
                    todo.append(target.number)
                }
            }
        }
    }

    private func add(
        _ names: [String],
        _ targets: [[(number: Int, flags: String)]],
        _ hasher: inout Hasher256
    ) {
        let found = zip(names, targets).filter { !$0.1.isEmpty }
        hasher.add(found.count)
        for (name, targets) in found {
            hasher.add(name)
            hasher.add(targets.count)
            for target in targets {
                hasher.add(target.flags)
                hasher.add(numbers[target.number] ?? -1)
            }
        }
    }

    private func targets(
        _ name: String,
        _ module: Int,
        _ file: String
    ) -> [(
        number: Int, flags: String
    )] {
        sorted(index.targets(of: name), module, file)
    }

    /// In an order that says which of several with one name is meant where it is mentioned.
    private func sorted(
        _ targets: [Int],
        _ module: Int,
        _ file: String
    ) -> [(
        number: Int, flags: String
    )] {
        let flagged = targets.map { number in
            let node = index.nodes[number]
            let isHere = node.file == file && node.module == module
            let isNear = targets.count > 1 && node.module == module
            return (
                number, "\(node.isPrivate ? isHere ? "here" : "private" : "")\(isNear ? " near" : "")"
            )
        }
        guard flagged.count > 1 else { return flagged }
        return flagged.sorted { one, other in
            let (left, right) = (index.nodes[one.0], index.nodes[other.0])
            return (one.1, left.label, left.own, left.file) < (
                other.1, right.label, right.own, right.file
            )
        }
    }
}
