import Holdfast
import NIOCore

/// Some of the steps of an episode, in order, with their arrays.
struct EpisodePage: Sendable {
    let steps: [StoredStep]
    let frames: StepRows?
    /// By the names of datasets: "observations", or "observations.NAME" for each name.
    let observations: [String: StepRows]
    /// Of all steps, 0 where one had none; integers are of int64. Nil where the run has no actions.
    let actions: StepRows?

    init(_ result: EpisodesSteps.Result) throws {
        steps = result.steps
        actions = try result.action.map { array in
            // Integers are kept as int32, and only they are.
            let isDiscrete = array.dtype == .int32 && array.shape.count == 1
            return StepRows(all: try isDiscrete ? ArrayValue(array.integers() ?? []) : array)
        }
        let framed = steps.indices.filter { result.steps[$0].frameRef != nil }
        frames = result.frame.map { StepRows(array: $0, steps: framed) }
        let observed = steps.indices.filter { result.steps[$0].obsRef != nil }
        switch result.observation {
        case nil: observations = [:]
        case .array(let array)?: observations = ["observations": StepRows(array: array, steps: observed)]
        case .arrays(let arrays)?:
            let named = arrays.map { name, array in
                let rows = result.observationRows?[name].map { $0.map { observed[$0] } } ?? observed
                return ("observations.\(name)", StepRows(array: array, steps: rows))
            }
            observations = Dictionary(named, uniquingKeysWith: { $1 })
        }
    }

    /// What the arrays take in memory.
    var bytes: Int {
        let rows = Array(observations.values) + [frames, actions].compactMap { $0 }
        return rows.reduce(0) { $0 + $1.array.bytes.readableBytes }
    }
}
