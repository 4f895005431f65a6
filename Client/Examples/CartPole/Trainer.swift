import Foundation

/// Trains a policy as planned, records it and says how it goes.
struct Trainer {
    /// Gymnasium's measure: solved when the mean over so many episodes reaches this return.
    static let solvedReturn = 195.0
    static let solvedEpisodes = 20
    private static let episodesPerLine = 20

    private let plan: TrainingPlan
    private let recorder: Recorder
    private var learner: Learner
    private var sampler: ImageSampler
    private var returns: [Double] = []
    private var losses: Policy.Losses?

    init(plan: TrainingPlan, recorder: Recorder) {
        self.plan = plan
        self.recorder = recorder
        self.learner = Learner(seed: plan.seed)
        // A sequence of its own: how many images are wanted must not change the training.
        self.sampler = ImageSampler(images: plan.images, episodes: plan.episodes, seed: ~plan.seed)
    }

    mutating func train() throws {
        report("run \(plan.run)")
        var solved = false
        for number in 0..<plan.episodes {
            try Task.checkCancellation()
            try playAndLearn(number)
            if number % Self.episodesPerLine == Self.episodesPerLine - 1 || number == plan.episodes - 1 {
                report(progress(number))
            }
            if !solved, returns.count >= Self.solvedEpisodes, meanReturn >= Self.solvedReturn {
                solved = true
                report("solved at episode \(number): mean return \(meanReturn) over \(Self.solvedEpisodes) episodes")
            }
        }
    }

    private mutating func playAndLearn(_ number: Int) throws {
        let recorder = recorder
        let episode = try learner.play { step, taken in
            try recorder.logStep(taken, number: step, episode: number)
        }
        let losses = learner.learn(from: episode)
        self.losses = losses ?? self.losses
        returns.append(episode.totalReward)
        recorder.logEpisode(episode, number: number, meanReturn: meanReturn, losses: losses)
        let steps = sampler.steps(of: episode, number: number)
        try recorder.insertImages(of: episode, number: number, steps: steps)
    }

    private var meanReturn: Double {
        let recent = returns.suffix(Self.solvedEpisodes)
        return recent.reduce(0, +) / Double(recent.count)
    }

    /// Not by print, which keeps lines back while the output is a pipe.
    private func report(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }

    private func progress(_ number: Int) -> String {
        var line = String(format: "episode %4d  return %3.0f  mean %6.1f", number, returns[number], meanReturn)
        if let losses {
            line += String(format: "  policy loss %7.4f  value loss %7.5f", losses.policy, losses.value)
        }
        return line
    }
}
