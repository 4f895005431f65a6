import Testing

@testable import CartPole

struct ImageSamplerTests {
    @Test(arguments: [(0, 10), (3, 10), (10, 10), (25, 10), (7, 1)])
    func imagesAreSpreadOverTheEpisodes(images: Int, episodes: Int) {
        var sampler = ImageSampler(images: images, episodes: episodes, seed: 1)
        let counts = (0..<episodes).map { sampler.steps(of: episode(of: 100), number: $0).count }
        #expect(counts.reduce(0, +) == images)
        #expect(counts.allSatisfy { $0 == images / episodes || $0 == images / episodes + 1 })
    }

    @Test func halfOfThemComeBeforeTheEnd() {
        var sampler = ImageSampler(images: 4_000, episodes: 1_000, seed: 2)
        let late = (0..<1_000).reduce(0) { sum, number in
            sum + sampler.steps(of: episode(of: 200), number: number).count { $0 >= 200 - ImageSampler.lastSteps }
        }
        // Half of all, and of the other half the 15 in 200 that hit the end by chance.
        #expect((1_950...2_350).contains(late))
    }

    @Test func stepsAreDistinctAndOfTheEpisode() {
        var sampler = ImageSampler(images: 50, episodes: 1, seed: 3)
        #expect(sampler.steps(of: episode(of: 8), number: 0) == Array(0..<8))
    }

    private func episode(of count: Int) -> Episode {
        var episode = Episode()
        for _ in 0..<count {
            let outcome = Environment.Outcome(reward: 1, terminated: false, truncated: false)
            episode.append(Episode.Step(state: CartState(), action: .left, outcome: outcome), leadingTo: CartState())
        }
        return episode
    }
}
