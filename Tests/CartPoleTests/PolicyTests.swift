import Testing

@testable import CartPole

struct PolicyTests {
    @Test func theActorsGradientIsThatOfItsLoss() throws {
        var policy = try makePolicy()
        let samples = makeSamples()
        let gradient = policy.gradients(over: samples).actor
        for index in gradient.indices {
            let slope = difference(of: &policy, \.actor.parameters[index]) { policy in
                let losses = policy.losses(over: samples)
                return losses.policy - Policy.entropyWeight * losses.entropy
            }
            #expect(abs(slope - gradient[index]) < 1e-7, "parameter \(index)")
        }
        #expect(gradient.contains { abs($0) > 1e-3 })
    }

    @Test func theCriticsGradientIsThatOfItsLoss() throws {
        var policy = try makePolicy()
        let samples = makeSamples()
        let gradient = policy.gradients(over: samples).critic
        for index in gradient.indices {
            let slope = difference(of: &policy, \.critic.parameters[index]) { $0.losses(over: samples).value }
            #expect(abs(slope - gradient[index]) < 1e-7, "parameter \(index)")
        }
        #expect(gradient.contains { abs($0) > 1e-3 })
    }

    /// With a critic that expects nothing: (1 − γ) × the sum of (γλ)ᵏ over the steps that are left.
    @Test func advantagesAreDiscountedBackwards() {
        var generator = SeededGenerator(seed: 1)
        let policy = Policy(using: &generator)
        var episode = Episode()
        for step in 0..<3 {
            let outcome = Environment.Outcome(reward: 1, terminated: step == 2, truncated: false)
            episode.append(Episode.Step(state: CartState(), action: .left, outcome: outcome), leadingTo: CartState())
        }
        let decay = 0.99 * 0.95
        let expected = [0.01 * (1 + decay + decay * decay), 0.01 * (1 + decay), 0.01]
        for (sample, advantage) in zip(policy.samples(of: episode), expected) {
            #expect(abs(sample.advantage - advantage) < 1e-12)
            #expect(abs(sample.target - advantage) < 1e-12)
        }
    }

    @Test func anEpisodeThatWasCutOffGoesOnAsTheCriticExpects() throws {
        let policy = try makePolicy()
        let end = CartState(position: 1, velocity: 0.5)
        var cutOff = Episode()
        let outcome = Environment.Outcome(reward: 1, terminated: false, truncated: true)
        cutOff.append(Episode.Step(state: CartState(), action: .left, outcome: outcome), leadingTo: end)
        let value = policy.critic.output(for: end.observation)
        let target = try #require(policy.samples(of: cutOff).first).target
        #expect(abs(value) > 1e-3)
        #expect(abs(target - (0.01 + 0.99 * value)) < 1e-12)
    }

    @Test func lossesStayFiniteForACertainPolicy() throws {
        var policy = try makePolicy()
        policy.actor.parameters = policy.actor.parameters.map { _ in 1e4 }
        let losses = policy.losses(over: makeSamples())
        #expect(losses.policy.isFinite)
        #expect(losses.entropy == 0)
    }

    @Test func anUntrainedPolicyHasNoPreference() {
        var generator = SeededGenerator(seed: 3)
        let policy = Policy(using: &generator)
        #expect(policy.probabilityOfRight(CartState(position: 1, angle: 0.1)) == 0.5)
    }

    private func makePolicy() throws -> Policy {
        var generator = SeededGenerator(seed: 5)
        var policy = Policy(hidden: 6, using: &generator)
        for index in policy.actor.parameters.indices {
            policy.actor.parameters[index] = .random(in: -1...1, using: &generator)
            policy.critic.parameters[index] = .random(in: -1...1, using: &generator)
        }
        return policy
    }

    private func makeSamples() -> [Policy.Sample] {
        var generator = SeededGenerator(seed: 6)
        return (0..<20).map { index in
            Policy.Sample(
                observation: (0..<4).map { _ in Double.random(in: -1...1, using: &generator) },
                action: index % 3 == 0 ? .left : .right,
                advantage: .random(in: -2...2, using: &generator),
                target: .random(in: 0...1, using: &generator)
            )
        }
    }

    private func difference(
        of policy: inout Policy,
        _ parameter: WritableKeyPath<Policy, Double>,
        _ loss: (Policy) -> Double
    ) -> Double {
        let value = policy[keyPath: parameter]
        let step = 1e-5
        policy[keyPath: parameter] = value + step
        let above = loss(policy)
        policy[keyPath: parameter] = value - step
        let below = loss(policy)
        policy[keyPath: parameter] = value
        return (above - below) / (2 * step)
    }
}
