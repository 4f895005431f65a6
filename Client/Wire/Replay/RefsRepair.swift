/// Takes out a run's references that have no array behind them: the rows stay, without a frame or observation.
public struct RefsRepair: Method {
    public static let name = "refs.repair"
    public static let effect = MethodEffect.write

    public var runID: String
    /// As ``RefsValidate/Result/missing`` or ``RefsValidate/Result/undecodable`` lists them; at most 1 000.
    public var refs: [String]

    public init(runID: String, refs: [String]) {
        self.runID = runID
        self.refs = refs
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case refs
    }

    public struct Result: Codable, Sendable {
        /// Rows that had one of the references.
        public var cleared: Int

        public init(cleared: Int) { self.cleared = cleared }
    }
}
