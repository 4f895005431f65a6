import Wire

extension Replay {
    /// The most steps of a draw.
    private static let mostSteps = 100_000

    /// `steps.sample`
    func sample(_ parameters: StepsSample, _ context: CallContext) async throws -> StepsSample.Result {
        let length = parameters.sequenceLength ?? 1
        guard (1...10_000).contains(parameters.n) else {
            throw WireError.invalidParams("params.n is \(parameters.n); it is 1 to 10 000")
        }
        guard length >= 1, length <= Self.mostSteps / parameters.n else {
            throw WireError.invalidParams(
                "params.sequence_length is \(length); it is at least 1, and n times it at most \(Self.mostSteps)"
            )
        }
        for runID in parameters.runIDs ?? [] { try RunID.check(runID) }
        let draw = StepDraw(parameters)
        let steps = try await catalog.read { connection in
            var draw = draw
            return try draw.steps(connection)
        }
        var result = StepsSample.Result(steps: steps)
        let arrays = Set(parameters.arrays ?? [])
        func shaped(_ array: ArrayValue) throws -> ArrayValue {
            guard parameters.sequenceLength != nil, array.shape.first == steps.count else { return array }
            let shape = [parameters.n, length] + array.shape.dropFirst()
            return try ArrayValue(dtype: array.dtype, shape: shape, bytes: array.bytes)
        }
        if arrays.contains(.frame) {
            result.frame = try await stack(steps.compactMap(\.frameRef), context).map(shaped)
        }
        if arrays.contains(.observation) {
            let (observation, rows) = try await observations(steps.compactMap(\.obsRef), context)
            result.observationRows = rows
            switch observation {
            case .array(let array): result.observation = .array(try shaped(array))
            case .arrays(let arrays): result.observation = .arrays(try arrays.mapValues(shaped))
            case nil: break
            }
        }
        if arrays.contains(.action) { result.action = try await actions(of: steps, context).map(shaped) }
        return result
    }
}
