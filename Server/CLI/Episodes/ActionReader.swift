import Holdfast
import NIOCore

/// The actions of steps: integers are in the steps themselves, all else in the run's array file.
struct ActionReader {
    private enum Kind {
        case none
        case discrete
        case arrays(DType, shape: [Int])
    }

    private let client: HoldfastClient
    private let runID: String
    private var kind: Kind?
    /// Which row of the run's file a step is, for steps without an array that tells it; read when first needed.
    private var rows: [String: [Int64: Int]]?

    init(run runID: String, client: HoldfastClient) {
        self.client = client
        self.runID = runID
    }

    /// The actions of the steps as one array (n, …), 0 where a step had none; nil where the run has no actions.
    mutating func actions(of steps: [StoredStep]) async throws -> ArrayValue? {
        let known: Kind
        if let kind { known = kind } else { known = try await findKind() }
        kind = known
        switch known {
        case .none: return nil
        case .discrete: return try ArrayValue(steps.map { $0.action ?? 0 })
        case .arrays(let dtype, let shape):
            let found = try await client.resolve(try await references(steps))
            // The dataset may be shorter than the run: it ends with the last step that had an action.
            let none = ByteBuffer(repeating: 0, count: try ArrayValue.byteCount(dtype: dtype, shape: shape))
            var bytes = ByteBuffer()
            for row in found { bytes.writeImmutableBuffer(row?.bytes ?? none) }
            return try ArrayValue(dtype: dtype, shape: [steps.count] + shape, bytes: bytes)
        }
    }

    /// What the run's actions are, by its first row, which is there, as zeros, even if its step had no action.
    private func findKind() async throws -> Kind {
        let first = FrameRef(runID: runID, dataset: "actions", index: 0).description
        guard let row = try await client.resolve([first]).first ?? nil else { return .none }
        // Integers are kept as int32, and only they are.
        return row.dtype == .int32 && row.shape.isEmpty ? .discrete : .arrays(row.dtype, shape: row.shape)
    }

    private mutating func references(_ steps: [StoredStep]) async throws -> [String] {
        var references: [String] = []
        for step in steps {
            let row: Int
            if let known = try (step.frameRef ?? step.obsRef).map({ try FrameRef($0).index }) {
                row = known
            } else {
                row = try await findRow(step)
            }
            references.append(FrameRef(runID: runID, dataset: "actions", index: row).description)
        }
        return references
    }

    /// Rows are in the order of arrival, so that counting all steps of the run tells which is whose.
    private mutating func findRow(_ step: StoredStep) async throws -> Int {
        if let row = rows?[step.episodeID]?[step.stepIndex] { return row }
        var rows: [String: [Int64: Int]] = [:]
        var count = 0
        var cursor: String?
        repeat {
            let page = try await client.steps(ofRun: runID, limit: 10_000, cursor: cursor)
            for (place, step) in page.steps.enumerated() {
                rows[step.episodeID, default: [:]][step.stepIndex] = count + place
            }
            count += page.steps.count
            cursor = page.cursor
        } while cursor != nil
        self.rows = rows
        guard let row = rows[step.episodeID]?[step.stepIndex] else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "step \(step.stepIndex) of episode \"\(step.episodeID)\" is gone; was its run deleted?"
            )
        }
        return row
    }
}
