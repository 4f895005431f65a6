extension StoredStep {
    /// Writes the members as ``encode(to:)`` does, sorted by name.
    func write(to json: inout JSONWriter) throws {
        json.member("action", action)
        json.member("agent_id", agentID)
        json.member("episode_id", episodeID)
        json.member("frame_ref", frameRef)
        if let info { try json.memberIfPresent("info", encoding: info) } else { json.member("info", String?.none) }
        json.member("obs_ref", obsRef)
        json.member("reward", reward)
        json.member("run_id", runID)
        json.member("step_index", stepIndex)
        json.member("terminated", terminated)
        json.member("timestamp", timestamp)
        json.member("truncated", truncated)
        json.member("worker_id", workerID)
    }
}

extension EpisodesSteps.Result: JSONWritable {
    public func write(to json: inout JSONWriter) throws {
        try json.object { json in
            try json.memberIfPresent("action", encoding: action)
            try json.memberIfPresent("cursor", encoding: cursor)
            try json.memberIfPresent("frame", encoding: frame)
            try json.memberIfPresent("observation", encoding: observation)
            try json.memberIfPresent("observation_rows", encoding: observationRows)
            try json.member("steps", steps) { try $0.write(to: &$1) }
        }
    }
}

extension StepsSample.Result: JSONWritable {
    public func write(to json: inout JSONWriter) throws {
        try json.object { json in
            try json.memberIfPresent("action", encoding: action)
            try json.memberIfPresent("frame", encoding: frame)
            try json.memberIfPresent("observation", encoding: observation)
            try json.memberIfPresent("observation_rows", encoding: observationRows)
            try json.member("steps", steps) { try $0.write(to: &$1) }
        }
    }
}
