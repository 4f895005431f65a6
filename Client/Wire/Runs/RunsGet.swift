/// One run.
public struct RunsGet: Method {
    public static let name = "runs.get"
    public static let effect = MethodEffect.read

    public var runID: String

    public init(runID: String) { self.runID = runID }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
    }

    public typealias Result = Run
}
