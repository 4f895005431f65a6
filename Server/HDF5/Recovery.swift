/// What opening a run file did to it.
package struct Recovery: Hashable, Sendable, CustomStringConvertible {
    package struct Cut: Hashable, Sendable {
        package let dataset: String
        package let from: Int
        package let to: Int
    }

    /// Whether a writer had not closed the file.
    package internal(set) var wasRepaired = false
    /// Datasets that had rows beyond the committed ones.
    package internal(set) var cuts: [Cut] = []

    package var isNothing: Bool { !wasRepaired && cuts.isEmpty }

    package var description: String {
        let cuts = cuts.map { "cut \($0.dataset) from \($0.from) to \($0.to) rows" }
        return ((wasRepaired ? ["repaired"] : []) + cuts).joined(separator: ", ")
    }
}
