/// Deletes a run's rows and its file; refused while labels refer to it. The id is never free again.
public struct RunsDelete: Method {
    public static let name = "runs.delete"
    public static let effect = MethodEffect.write

    public var runID: String

    public var auditNote: String? { "run \(runID)" }

    public init(runID: String) { self.runID = runID }

    public static var soleParameters: [String]? { CodingKeys.allCases.map(\.rawValue) }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case runID = "run_id"
    }

    public struct Result: Codable, Sendable {
        public var runID: String

        public init(runID: String) { self.runID = runID }

        private enum CodingKeys: String, CodingKey {
            case runID = "run_id"
        }
    }
}
