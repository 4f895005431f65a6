/// Saves several values, all of them or none: the outputs of an invocation, or many small ones at the cost of one.
public struct VariablesSaveMany: Method {
    public static let name = "variables.save_many"
    public static let effect = MethodEffect.ingest

    /// At most 10 000.
    public var saves: [VariablesSave]

    public init(saves: [VariablesSave]) { self.saves = saves }

    public struct Result: Codable, Sendable, Equatable {
        /// In the order of the request.
        public var saved: [VariablesSave.Result]

        public init(saved: [VariablesSave.Result]) { self.saved = saved }
    }
}
