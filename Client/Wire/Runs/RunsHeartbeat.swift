/// Says that a run's process lives; every other write to the run says so too.
public struct RunsHeartbeat: Method {
    public static let name = "runs.heartbeat"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var runID: String

    public init(runID: String) { self.runID = runID }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
    }

    public typealias Result = RunsFinish.Result
}
