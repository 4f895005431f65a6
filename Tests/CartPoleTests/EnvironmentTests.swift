import Testing

@testable import CartPole

struct EnvironmentTests {
    /// From rest: (10 / 1.1) / (0.5 × (4/3 − 0.1 / 1.1)) = 600/41 rad/s², and 10 / 1.1 + 0.05 × 600/41 / 1.1 = 400/41 m/s².
    @Test func aPushFromRestAcceleratesAsTheEquationsSay() {
        var right = Environment(state: CartState())
        #expect(right.step(.right) == Environment.Outcome(reward: 1, terminated: false, truncated: false))
        expectEqual(right.state.observation, [0, 0.02 * 400 / 41, 0, -0.02 * 600 / 41])
        var left = Environment(state: CartState())
        _ = left.step(.left)
        expectEqual(left.state.observation, [0, -0.02 * 400 / 41, 0, 0.02 * 600 / 41])
    }

    /// The states that Gymnasium 1.4.0's CartPole-v1 goes through with the same start and pushes.
    @Test func aTrajectoryIsGymnasiums() {
        let start = CartState(position: 0.1, velocity: -0.2, angle: 0.05, angularVelocity: 0.3)
        var environment = Environment(state: start)
        let expected: [(Environment.Action, [Double])] = [
            (.right, [0.096, -0.005625065781779709, 0.056, 0.02349585151852651]),
            (.left, [0.09588749868436441, -0.20150353082316982, 0.056469917030370534, 0.33330835948131543]),
            (.left, [0.09185742806790102, -0.39738184962928536, 0.06313608421999684, 0.6432508253888286]),
            (.right, [0.08390979107531532, -0.20319405178604674, 0.07600110072777341, 0.3710991636204484]),
        ]
        for (action, observation) in expected {
            _ = environment.step(action)
            expectEqual(environment.state.observation, observation)
        }
    }

    @Test func positionsMoveWithTheVelocitiesBeforeThePush() {
        var environment = Environment(state: CartState(velocity: 1, angularVelocity: -2))
        _ = environment.step(.right)
        #expect(environment.state.position == 0.02)
        #expect(environment.state.angle == -0.04)
    }

    @Test(arguments: [
        (CartState(position: 2.39, velocity: 1), true), (CartState(position: -2.39, velocity: -1), true),
        (CartState(position: 2.39), false), (CartState(angle: 0.2094, angularVelocity: 0.1), true),
        (CartState(angle: -0.2094, angularVelocity: -0.1), true), (CartState(angle: 0.209), false),
    ])
    func leavingTheTrackOrFallingEndsTheEpisode(state: CartState, ends: Bool) {
        var environment = Environment(state: state)
        let outcome = environment.step(.left)
        #expect(outcome == Environment.Outcome(reward: 1, terminated: ends, truncated: false))
    }

    @Test func anEpisodeIsCutOffAfterFiveHundredSteps() {
        var environment = Environment(state: CartState())
        for _ in 1..<500 {
            let outcome = environment.step(balancing(environment.state))
            #expect(!outcome.terminated && !outcome.truncated)
        }
        let last = environment.step(balancing(environment.state))
        #expect(last == Environment.Outcome(reward: 1, terminated: false, truncated: true))
        #expect(environment.steps == 500)
    }

    @Test func startsAreNearUprightAndFollowTheSeed() {
        var generator = SeededGenerator(seed: 7)
        var again = SeededGenerator(seed: 7)
        for _ in 0..<100 {
            let start = Environment(using: &generator).state
            #expect(start.observation.allSatisfy { abs($0) <= 0.05 })
            #expect(start == Environment(using: &again).state)
        }
        var other = SeededGenerator(seed: 8)
        #expect(Environment(using: &generator).state != Environment(using: &other).state)
    }

    /// Pushes towards where the pole is going to be.
    private func balancing(_ state: CartState) -> Environment.Action {
        let lean = state.angle + 0.5 * state.angularVelocity + 0.05 * state.position + 0.1 * state.velocity
        return lean > 0 ? .right : .left
    }

    private func expectEqual(_ observation: [Double], _ expected: [Double]) {
        for (value, target) in zip(observation, expected) {
            #expect(abs(value - target) < 1e-12, "\(observation) is not \(expected)")
        }
    }
}
