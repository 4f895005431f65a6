import Testing

@testable import CartPole

struct LearnerTests {
    @Test func theSameSeedGivesTheSameRun() {
        #expect(returns(seed: 11, episodes: 30) == returns(seed: 11, episodes: 30))
        #expect(returns(seed: 11, episodes: 30) != returns(seed: 12, episodes: 30))
    }

    @Test func thePolicyLearnsToBalance() {
        let returns = returns(seed: 0, episodes: 300)
        #expect(mean(returns.prefix(20)) < 60)
        let best = (20...returns.count).map { mean(returns[($0 - 20)..<$0]) }.max()
        #expect(best ?? 0 >= 195)
    }

    @Test func thePolicyWaitsUntilEnoughStepsHaveGathered() {
        var learner = Learner(seed: 2)
        var gathered = 0
        for _ in 0..<50 {
            let episode = learner.play { _, _ in }
            gathered += episode.steps.count
            let moved = learner.learn(from: episode) != nil
            #expect(moved == (gathered >= Learner.stepsPerUpdate))
            if moved { gathered = 0 }
        }
    }

    @Test func anEpisodeLeadsFromStepToStep() {
        var learner = Learner(seed: 4)
        let episode = learner.play { _, _ in }
        #expect(episode.isOver)
        #expect(episode.totalReward == Double(episode.steps.count))
        for (step, next) in zip(episode.steps, episode.steps.dropFirst()) {
            var environment = Environment(state: step.state)
            _ = environment.step(step.action)
            #expect(environment.state == next.state)
            #expect(!step.outcome.terminated)
        }
    }

    private func returns(seed: UInt64, episodes: Int) -> [Double] {
        var learner = Learner(seed: seed)
        return (0..<episodes).map { _ in
            let episode = learner.play { _, _ in }
            _ = learner.learn(from: episode)
            return episode.totalReward
        }
    }

    private func mean(_ values: some Collection<Double>) -> Double {
        values.reduce(0, +) / Double(values.count)
    }
}
