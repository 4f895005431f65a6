/// What opening a run file did to it.
package struct Recovery: Hashable, Codable, Sendable, CustomStringConvertible {
    package struct Cut: Hashable, Codable, Sendable {
        package let dataset: String
        package let from: Int
        package let to: Int
    }

    /// Whether a writer had not closed the file.
    package internal(set) var wasRepaired = false
    /// Whether a new file took its place, because the old one could not be written to any more.
    package internal(set) var wasRebuilt = false
    /// Datasets that had rows beyond the committed ones.
    package internal(set) var cuts: [Cut] = []
    /// Datasets of which nothing is committed, not even that there are such: removed.
    package internal(set) var removals: [String] = []

    package var isNothing: Bool { !wasRepaired && cuts.isEmpty && removals.isEmpty }

    package var description: String {
        let cuts = cuts.map { "cut \($0.dataset) from \($0.from) to \($0.to) rows" }
        let removals = removals.map { "removed \($0)" }
        return ((wasRepaired ? [wasRebuilt ? "rebuilt" : "repaired"] : []) + cuts + removals).joined(separator: ", ")
    }
}
