import Wire

extension Replay {
    /// The most references in a request.
    private static let mostFound = 1000

    /// `steps.find`
    func findSteps(_ parameters: StepsFind) async throws -> StepsFind.Result {
        guard parameters.refs.count <= Self.mostFound else {
            throw WireError.invalidParams(
                "params.refs has \(parameters.refs.count) references, at most \(Self.mostFound)"
            )
        }
        let refs = try parameters.refs.map { text throws(WireError) in try FrameRef(text).description }
        return try await catalog.read { connection in
            StepsFind.Result(
                steps: try refs.map { ref in
                    // A reference names one row of one run, so that at most one step has it.
                    try connection.first(
                        "SELECT \(Self.stepColumns) FROM steps WHERE frame_ref = ?",
                        ref,
                        read: Self.step
                    )
                }
            )
        }
    }
}
