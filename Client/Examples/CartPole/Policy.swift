import Foundation

/// An actor and a critic that learn from whole episodes: REINFORCE with a learned baseline (Williams 1992).
///
/// The actor's output is the log-odds of pushing right; the critic's is the return that it expects, as a share of the
/// largest possible one. Advantages are exponentially weighted over horizons (Schulman et al. 2016).
struct Policy: Sendable {
    static let discount = 0.99
    static let horizonWeight = 0.95
    static let entropyWeight = 0.01

    /// One step as the policy learns from it.
    struct Sample: Sendable {
        let observation: [Double]
        let action: Environment.Action
        let advantage: Double
        let target: Double
    }

    struct Losses: Sendable {
        let policy: Double
        let value: Double
        let entropy: Double
    }

    var actor: Network
    var critic: Network
    private var actorDescent: Adam
    private var criticDescent: Adam

    init(hidden: Int = 32, rate: Double = 0.005, using generator: inout some RandomNumberGenerator) {
        self.actor = Network(inputs: 4, hidden: hidden, using: &generator)
        self.critic = Network(inputs: 4, hidden: hidden, using: &generator)
        self.actorDescent = Adam(rate: rate, count: actor.parameters.count)
        self.criticDescent = Adam(rate: rate, count: critic.parameters.count)
    }

    func probabilityOfRight(_ state: CartState) -> Double {
        Self.logistic(actor.output(for: state.observation))
    }

    func action(in state: CartState, using generator: inout some RandomNumberGenerator) -> Environment.Action {
        Double.random(in: 0..<1, using: &generator) < probabilityOfRight(state) ? .right : .left
    }

    /// Moves both networks one step; the losses are those before it.
    mutating func learn(from episodes: [Episode]) -> Losses {
        let samples = Self.standardized(episodes.flatMap(samples))
        let losses = losses(over: samples)
        let gradients = gradients(over: samples)
        actorDescent.descend(&actor.parameters, along: gradients.actor)
        criticDescent.descend(&critic.parameters, along: gradients.critic)
        return losses
    }

    /// The means that ``gradients(over:)`` descends: policy loss − weighted entropy, and value loss.
    func losses(over samples: [Sample]) -> Losses {
        var policy = 0.0
        var value = 0.0
        var entropy = 0.0
        for sample in samples {
            let odds = actor.output(for: sample.observation)
            let logRight = Self.logLogistic(odds)
            let logLeft = Self.logLogistic(-odds)
            policy -= sample.advantage * (sample.action == .right ? logRight : logLeft)
            entropy -= exp(logRight) * logRight + exp(logLeft) * logLeft
            let error = critic.output(for: sample.observation) - sample.target
            value += error * error
        }
        let count = Double(samples.count)
        return Losses(policy: policy / count, value: value / count, entropy: entropy / count)
    }

    func gradients(over samples: [Sample]) -> (actor: [Double], critic: [Double]) {
        var actorGradient = [Double](repeating: 0, count: actor.parameters.count)
        var criticGradient = [Double](repeating: 0, count: critic.parameters.count)
        let share = 1 / Double(samples.count)
        for sample in samples {
            let odds = actor.output(for: sample.observation)
            let right = Self.logistic(odds)
            let surprise = right - (sample.action == .right ? 1 : 0)
            let slope = sample.advantage * surprise + Self.entropyWeight * odds * right * (1 - right)
            actor.addGradient(for: sample.observation, times: slope * share, to: &actorGradient)
            let error = critic.output(for: sample.observation) - sample.target
            critic.addGradient(for: sample.observation, times: 2 * error * share, to: &criticGradient)
        }
        return (actorGradient, criticGradient)
    }

    /// Works backwards from the end; an episode that was only cut off goes on as the critic expects.
    func samples(of episode: Episode) -> [Sample] {
        var nextValue = episode.terminated ? 0 : critic.output(for: episode.end.observation)
        var advantage = 0.0
        var samples: [Sample] = []
        for step in episode.steps.reversed() {
            let observation = step.state.observation
            let value = critic.output(for: observation)
            let reward = step.outcome.reward * (1 - Self.discount)
            let surplus = reward + Self.discount * nextValue - value
            advantage = surplus + Self.discount * Self.horizonWeight * advantage
            let target = value + advantage
            samples.append(
                Sample(observation: observation, action: step.action, advantage: advantage, target: target)
            )
            nextValue = value
        }
        return samples.reversed()
    }

    private static func standardized(_ samples: [Sample]) -> [Sample] {
        let count = Double(samples.count)
        let mean = samples.reduce(0) { $0 + $1.advantage } / count
        let variance = samples.reduce(0) { $0 + ($1.advantage - mean) * ($1.advantage - mean) } / count
        let scale = 1 / (variance.squareRoot() + 1e-8)
        return samples.map { sample in
            Sample(
                observation: sample.observation,
                action: sample.action,
                advantage: (sample.advantage - mean) * scale,
                target: sample.target
            )
        }
    }

    /// The logarithm of the logistic function, without overflow.
    private static func logLogistic(_ odds: Double) -> Double { min(odds, 0) - log1p(exp(-abs(odds))) }

    private static func logistic(_ odds: Double) -> Double { 1 / (1 + exp(-odds)) }
}
