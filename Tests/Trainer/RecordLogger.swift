import Holdfast

/// One process's loop of log calls: what number `n` is, is told by `n` alone.
struct RecordLogger {
    let run: ActiveRun
    /// The metric, and the episode of the steps.
    let name: String
    let slot: Int
    let progress: Progress?
    /// The frame of each step; nil: no steps.
    let frame: ArrayValue?
    /// After so many steps comes one that the server refuses; 0: none.
    let poison: Int

    func log(count: Int, for time: Duration?, at rate: Double) throws {
        var pace = Pace(rate: rate)
        let end = time.map { ContinuousClock.now + $0 }
        for number in 0..<count {
            if let end, ContinuousClock.now >= end { return }
            run.log(name, Double(number), step: number)
            if let frame { try logStep(number, frame) }
            progress?.write(number + 1, slot: slot)
            pace.wait()
        }
    }

    private func logStep(_ number: Int, _ frame: ArrayValue) throws {
        run.logStep(episode: name, index: number, action: number, reward: Double(number), frame: frame)
        guard poison > 0, number % poison == poison - 1 else { return }
        let other = try ArrayValue([0, 1, 2] as [Float], shape: [3])
        run.logStep(episode: "\(name)-refused", index: number, reward: 0, frame: other)
    }
}
