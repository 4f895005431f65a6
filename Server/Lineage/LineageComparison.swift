import Wire

/// What differs between two invocations.
struct LineageComparison {
    let before: Lineage
    let after: Lineage
    /// How much of a hash people are shown.
    private static let shownDigits = 16

    var changes: [LineageWhy.Change] { function + arguments }

    private var function: [LineageWhy.Change] {
        var changes: [LineageWhy.Change] = []
        if before.functionName != after.functionName {
            changes.append(
                .init(
                    kind: .function,
                    name: "name",
                    before: .string(before.functionName),
                    after: .string(after.functionName)
                )
            )
        }
        guard before.functionHash != after.functionHash else { return changes }
        let (old, new) = (before.functionParts ?? [:], after.functionParts ?? [:])
        let parts = Self.different(old, new).map { name in
            LineageWhy.Change(
                kind: .function,
                name: name,
                before: old[name].map { .string($0) },
                after: new[name].map { .string($0) }
            )
        }
        guard parts.isEmpty else { return changes + parts }
        return changes + [
            .init(
                kind: .function,
                name: after.functionName,
                before: Self.shown(before.functionHash),
                after: Self.shown(after.functionHash)
            )
        ]
    }

    private var arguments: [LineageWhy.Change] {
        let (old, new) = (Argument.all(of: before), Argument.all(of: after))
        let (oldInputs, newInputs) = (Self.inputs(of: before), Self.inputs(of: after))
        let changedInputs = Self.different(oldInputs, newInputs)
        func input(_ name: String) -> LineageWhy.Change {
            .init(
                kind: .input,
                name: name,
                before: oldInputs[name].map { .string($0) },
                after: newInputs[name].map { .string($0) }
            )
        }
        // Without hashes of the arguments the records are all that there is to compare.
        if old.isEmpty || new.isEmpty { return changedInputs.map(input) + other }
        return Set(old.keys).union(new.keys).sorted().flatMap { name -> [LineageWhy.Change] in
            let (was, now) = (old[name], new[name])
            if let was, let now, was.hash == now.hash { return [] }
            if (now ?? was)?.value != nil {
                return [.init(kind: .constant, name: name, before: was?.shown, after: now?.shown)]
            }
            // An argument may hold several inputs: name[0], name["key"], or name/parameter of what was never saved.
            let inner = changedInputs.filter { $0 == name || $0.hasPrefix("\(name)[") || $0.hasPrefix("\(name)/") }
            if !inner.isEmpty { return inner.map(input) }
            return [
                .init(
                    kind: .input,
                    name: name,
                    before: was.map { Self.shown($0.hash) },
                    after: now.map { Self.shown($0.hash) }
                )
            ]
        }
    }

    /// Constants that are in no form known here, by their place.
    private var other: [LineageWhy.Change] {
        (0..<max(before.constants.count, after.constants.count)).compactMap { place in
            let was = place < before.constants.count ? before.constants[place] : nil
            let now = place < after.constants.count ? after.constants[place] : nil
            return was == now ? nil : .init(kind: .constant, name: "constants[\(place)]", before: was, after: now)
        }
    }

    private static func inputs(of lineage: Lineage) -> [String: String] {
        Dictionary(lineage.inputs.map { ($0.name, $0.recordID) }, uniquingKeysWith: { $1 })
    }

    private static func different(_ before: [String: String], _ after: [String: String]) -> [String] {
        Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
    }

    private static func shown(_ hash: String) -> JSONValue { .string(String(hash.prefix(shownDigits))) }

    /// An entry of `constants` that describes an argument.
    private struct Argument {
        let hash: String
        let value: JSONValue?

        /// A null is spelled, since none at all means that there is no such argument.
        var shown: JSONValue { value == .null ? "null" : value ?? LineageComparison.shown(hash) }

        static func all(of lineage: Lineage) -> [String: Argument] {
            var found: [String: Argument] = [:]
            for case .object(let members) in lineage.constants {
                guard case .string(let name) = members["name"], case .string(let hash) = members["hash"] else {
                    continue
                }
                found[name] = Argument(hash: hash, value: members["value"])
            }
            return found
        }
    }
}
