import Testing

@testable import CartPole

struct TrainingPlanTests {
    private let plan = TrainingPlan(run: "r1", episodes: 9, seed: 1, every: 1, images: 1)

    @Test func namesSortAsNumbersDo() {
        #expect(plan.episodeID(7) == "r1-ep007")
        #expect(plan.imageName(episode: 12, step: 34) == "cartpole/r1/ep012_step0034")
        #expect(plan.episodeID(7) < plan.episodeID(12))
    }

    @Test func longNumbersAreNotCut() {
        #expect(plan.imageName(episode: 1_234, step: 56_789) == "cartpole/r1/ep1234_step56789")
    }
}
