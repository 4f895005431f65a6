/// Where a run stands.
public enum RunStatus: String, Choice {
    case running
    case finished
    case failed
    /// Neither finished nor heard of for 60 seconds.
    case crashed

    public init(_ outcome: RunOutcome) {
        self =
            switch outcome {
            case .finished: .finished
            case .failed: .failed
            }
    }
}

/// How a run ended.
public enum RunOutcome: String, Choice {
    case finished
    case failed
}
