import Synchronization

/// A number that many threads count up and down without waiting for each other.
final class Tally: Sendable {
    private let value = Atomic(0)

    func add(_ amount: Int = 1) { value.wrappingAdd(amount, ordering: .relaxed) }

    var count: Int { value.load(ordering: .relaxed) }
}
