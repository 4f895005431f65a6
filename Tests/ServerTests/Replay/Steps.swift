import NIOCore
import Wire

@testable import Server

/// Steps and frames as tests append them.
enum Steps {
    static let frameShape = [4, 3]

    /// A frame whose bytes follow from a number.
    static func frame(_ number: Int, shape: [Int] = frameShape) throws -> ArrayValue {
        let count = shape.reduce(1, *)
        return try ArrayValue((0..<count).map { UInt8(truncatingIfNeeded: number * 31 + $0 * 7) }, shape: shape)
    }

    /// Steps `range` of an episode, each with a frame that follows from its index.
    static func of(
        _ episodeID: String,
        _ range: Range<Int>,
        reward: Double = 1,
        withFrames: Bool = true
    ) throws -> [StepsAppend.Step] {
        try range.map { index in
            StepsAppend.Step(
                episodeID: episodeID,
                stepIndex: Int64(index),
                action: .discrete(Int64(index % 4)),
                reward: reward,
                frame: withFrames ? try frame(index) : nil
            )
        }
    }
}

extension TestData {
    /// Starts a run if need be and appends steps to it.
    @discardableResult
    func append(_ runID: String, _ steps: [StepsAppend.Step]) async throws -> StepsAppend.Result {
        if try await integers("SELECT 1 FROM runs WHERE run_id = ?", .text(runID)).isEmpty {
            try await call(RunsStart(runID: runID))
        }
        return try await call(StepsAppend(runID: runID, steps: steps))
    }

    /// The arrays behind references, nil where there is none.
    func resolve(_ refs: [String]) async throws -> [ArrayValue?] {
        guard case .separate(let arrays) = try await call(FramesResolve(refs: refs, missing: .null)).frames else {
            return []
        }
        return arrays
    }

    /// The rows of a dataset of scalars, as they are in the file.
    func integers(in dataset: String, of runID: String, count: Int) async throws -> [Int64?] {
        let refs = (0..<count).map { FrameRef(runID: runID, dataset: dataset, index: $0) }
        return try await arrays.read(refs).map { try $0?.wireArray().integers()?.first }
    }
}
