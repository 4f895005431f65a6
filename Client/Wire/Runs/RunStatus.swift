/// Where a run stands.
public enum RunStatus: String, Choice {
    case running
    case finished
    case failed
    /// Neither finished nor heard of for 60 seconds.
    case crashed
}
