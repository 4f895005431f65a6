import Wire

extension ActiveRun {
    /// Logs one step of an episode.
    ///
    /// Frames keep the dtype and shape of the run's first one, and so do observations and array actions: the server
    /// rejects others. An array is made with `try ArrayValue(pixels, shape: [210, 160, 3])` from `[UInt8]`, `[Float]`
    /// and the like, in C order.
    ///
    /// - Parameters:
    ///   - episode: 1 to 512 bytes; an episode belongs to one run.
    ///   - index: The step's number in its episode, from 0; each only once.
    ///   - action: `.discrete` (32 bits), `.continuous` or `.array`.
    ///   - reward: Not NaN.
    ///   - terminated: Whether the environment ended the episode with this step.
    ///   - truncated: Whether something else did, such as a time limit.
    ///   - frame: What was seen, uncompressed, such as `uint8` (H, W, 3).
    ///   - observation: What the agent was given: `.array`, or `.arrays` by name.
    ///   - info: Anything else, as JSON.
    ///   - timestamp: UNIX seconds; now if nil.
    public func logStep(
        episode: String,
        index: Int,
        action: Action? = nil,
        reward: Double,
        terminated: Bool = false,
        truncated: Bool = false,
        frame: ArrayValue? = nil,
        observation: Observation? = nil,
        info: JSONValue? = nil,
        timestamp: Double? = nil
    ) {
        let record = StepRecord(
            runID: id,
            episodeID: episode,
            index: Int64(index),
            action: action,
            reward: reward,
            terminated: terminated,
            truncated: truncated,
            frame: frame,
            observation: observation,
            info: info,
            timestamp: timestamp ?? Self.now
        )
        if let fault = record.fault {
            return delivery.reject("step \(index) of episode \"\(episode.prefix(100))\": \(fault)")
        }
        delivery.intake.add(record, whenFull: delivery.options.stepsWhenFull)
    }

    /// Logs one step with a discrete action; see the other `logStep`.
    public func logStep(
        episode: String,
        index: Int,
        action: Int,
        reward: Double,
        terminated: Bool = false,
        truncated: Bool = false,
        frame: ArrayValue? = nil,
        observation: ArrayValue? = nil,
        info: JSONValue? = nil,
        timestamp: Double? = nil
    ) {
        logStep(
            episode: episode,
            index: index,
            action: .discrete(Int64(action)),
            reward: reward,
            terminated: terminated,
            truncated: truncated,
            frame: frame,
            observation: observation.map { .array($0) },
            info: info,
            timestamp: timestamp
        )
    }
}
