/// What is trained and what is recorded of it.
struct TrainingPlan: Sendable {
    let run: String
    let episodes: Int
    let seed: UInt64
    /// A frame with every n-th step of an episode.
    let every: Int
    /// Frames to label.
    let images: Int

    func episodeID(_ number: Int) -> String {
        "\(run)-ep\(Self.padded(number, to: 3))"
    }

    func imageName(episode: Int, step: Int) -> String {
        "cartpole/\(run)/ep\(Self.padded(episode, to: 3))_step\(Self.padded(step, to: 4))"
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
