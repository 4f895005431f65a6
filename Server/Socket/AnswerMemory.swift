import Synchronization

/// What the answers of all connections take that are being made or wait to be sent.
final class AnswerMemory: Sendable {
    /// What is set aside for an answer until its size is known: few are larger.
    static let expected = 4 << 20

    private let maximum: Int
    private let taken = Atomic(0)

    init(maximum: Int) { self.maximum = maximum }

    /// Whether a connection may have one more answer made beside others of its own.
    var hasRoom: Bool { taken.load(ordering: .relaxed) < maximum }

    /// Counts bytes in, or with a negative number out.
    func add(_ bytes: Int) { taken.wrappingAdd(bytes, ordering: .relaxed) }
}
