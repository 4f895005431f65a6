/// What happened from a start to a fall, or to the time limit.
struct Episode: Sendable {
    struct Step: Sendable {
        let state: CartState
        let action: Environment.Action
        let outcome: Environment.Outcome
    }

    private(set) var steps: [Step] = []
    /// Where the last step led.
    private(set) var end = CartState()

    mutating func append(_ step: Step, leadingTo next: CartState) {
        steps.append(step)
        end = next
    }

    var totalReward: Double { steps.reduce(0) { $0 + $1.outcome.reward } }
    var isOver: Bool { steps.last.map { $0.outcome.terminated || $0.outcome.truncated } ?? false }
    var terminated: Bool { steps.last?.outcome.terminated ?? false }
}
