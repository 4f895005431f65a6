/// Picks the steps whose frames are worth a look by a human: spread over all episodes, half of them before a fall.
struct ImageSampler: Sendable {
    /// Steps before the end of an episode among which a fall shows.
    static let lastSteps = 15

    let images: Int
    let episodes: Int
    private var generator: SeededGenerator

    init(images: Int, episodes: Int, seed: UInt64) {
        self.images = images
        self.episodes = episodes
        self.generator = SeededGenerator(seed: seed)
    }

    /// The steps of an episode, in order; a short episode may have fewer than its share.
    mutating func steps(of episode: Episode, number: Int) -> [Int] {
        let share = images * (number + 1) / episodes - images * number / episodes
        let count = episode.steps.count
        var picked: Set<Int> = []
        while picked.count < min(share, count) {
            let nearTheEnd = Bool.random(using: &generator) && picked.count < min(Self.lastSteps, count)
            let first = nearTheEnd ? max(0, count - Self.lastSteps) : 0
            picked.insert(.random(in: first..<count, using: &generator))
        }
        return picked.sorted()
    }
}
