/// Keeps a bounded number of elements of a sequence of unknown length: every one, then every second, every fourth…, and the
/// last.
struct Thinned<Element> {
    private let limit: Int
    private var stride = 1
    private var kept: [Element] = []
    private var last: Element?
    private(set) var count = 0

    /// - Parameter limit: An even number.
    init(limit: Int) { self.limit = limit }

    mutating func append(_ element: Element) {
        if count.isMultiple(of: stride) {
            if kept.count == limit {
                kept = kept.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
                stride *= 2
            }
            kept.append(element)
            last = nil
        } else {
            last = element
        }
        count += 1
    }

    var elements: [Element] { kept + (last.map { [$0] } ?? []) }

    /// A line for below a table that does not show everything.
    func note(_ things: String) -> String? {
        elements.count == count
            ? nil
            : "  \(elements.count) of \(Human.count(count)) \(things) shown: evenly chosen, first and last included"
    }
}
