/// Ends a run.
public struct RunsFinish: Method {
    public static let name = "runs.finish"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var runID: String
    public var status: RunOutcome

    public init(runID: String, status: RunOutcome) {
        self.runID = runID
        self.status = status
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case status
    }

    public struct Result: Codable, Sendable {
        public var runID: String
        public var status: RunStatus

        public init(runID: String, status: RunStatus) {
            self.runID = runID
            self.status = status
        }

        private enum CodingKeys: String, CodingKey {
            case runID = "run_id"
            case status
        }
    }
}
