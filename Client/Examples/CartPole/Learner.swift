/// Plays episodes and learns from them; the same seed gives the same sequence.
struct Learner: Sendable {
    /// Steps that are gathered before the policy moves: a single short episode says too little.
    static let stepsPerUpdate = 200

    private(set) var policy: Policy
    private var generator: SeededGenerator
    private var unlearned: [Episode] = []

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        self.policy = Policy(using: &generator)
        self.generator = generator
    }

    /// Plays to the end; the body sees each step, with its number, as soon as it is taken.
    mutating func play(_ body: (Int, Episode.Step) throws -> Void) rethrows -> Episode {
        var environment = Environment(using: &generator)
        var episode = Episode()
        repeat {
            let state = environment.state
            let action = policy.action(in: state, using: &generator)
            let outcome = environment.step(action)
            let step = Episode.Step(state: state, action: action, outcome: outcome)
            try body(episode.steps.count, step)
            episode.append(step, leadingTo: environment.state)
        } while !episode.isOver
        return episode
    }

    /// Gives the losses if enough steps had gathered for the policy to move.
    mutating func learn(from episode: Episode) -> Policy.Losses? {
        unlearned.append(episode)
        guard unlearned.reduce(0, { $0 + $1.steps.count }) >= Self.stepsPerUpdate else { return nil }
        defer { unlearned.removeAll() }
        return policy.learn(from: unlearned)
    }
}
