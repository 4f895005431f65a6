/// Finds the steps that frames belong to, from the references to these.
public struct StepsFind: Method {
    public static let name = "steps.find"
    public static let effect = MethodEffect.read

    /// At most 1 000.
    public var refs: [String]

    public init(refs: [String]) { self.refs = refs }

    public struct Result: Codable, Sendable {
        /// In the order of the references; nil where no step has such a frame.
        public var steps: [StoredStep?]

        public init(steps: [StoredStep?]) { self.steps = steps }
    }
}
