import Holdfast
import NIOCore

/// The actions of steps: integers are in the steps themselves, all else in the run's array file.
struct ActionReader {
    private enum Kind {
        case none
        case discrete
        case arrays(DType, shape: [Int])
    }

    /// What is known of the run whose steps came last.
    private struct Run {
        let id: String
        let kind: Kind
        /// Which row of the run's file a step is, by episode, for steps without an array that tells it; read when first
        /// needed.
        var rows: [[UInt8]: [Int64: Int]]?
    }

    private let client: HoldfastClient
    private var run: Run?

    init(client: HoldfastClient) { self.client = client }

    /// The actions of steps of a run as one array (n, …), 0 where a step had none; nil where the run has no actions.
    mutating func actions(of steps: [StoredStep], run id: String) async throws -> ArrayValue? {
        let known: Run
        if let run, run.id == id { known = run } else { known = Run(id: id, kind: try await findKind(id), rows: nil) }
        run = known
        switch known.kind {
        case .none: return nil
        case .discrete: return try ArrayValue(steps.map { $0.action ?? 0 })
        case .arrays(let dtype, let shape):
            let found = try await client.resolve(try await references(steps, id))
            // The dataset may be shorter than the run: it ends with the last step that had an action.
            let none = ByteBuffer(repeating: 0, count: try ArrayValue.byteCount(dtype: dtype, shape: shape))
            var bytes = ByteBuffer()
            for row in found { bytes.writeImmutableBuffer(row?.bytes ?? none) }
            return try ArrayValue(dtype: dtype, shape: [steps.count] + shape, bytes: bytes)
        }
    }

    /// What the run's actions are, by its first row, which is there, as zeros, even if its step had no action.
    private func findKind(_ runID: String) async throws -> Kind {
        let first = FrameRef(runID: runID, dataset: "actions", index: 0).description
        guard let row = try await client.resolve([first]).first ?? nil else { return .none }
        // Integers are kept as int32, and only they are.
        return row.dtype == .int32 && row.shape.isEmpty ? .discrete : .arrays(row.dtype, shape: row.shape)
    }

    private mutating func references(_ steps: [StoredStep], _ runID: String) async throws -> [String] {
        var references: [String] = []
        for step in steps {
            let row: Int
            if let known = try (step.frameRef ?? step.obsRef).map({ try FrameRef($0).index }) {
                row = known
            } else {
                row = try await findRow(step, runID)
            }
            references.append(FrameRef(runID: runID, dataset: "actions", index: row).description)
        }
        return references
    }

    private mutating func findRow(_ step: StoredStep, _ runID: String) async throws -> Int {
        let episode = Array(step.episodeID.utf8)
        if let row = run?.rows?[episode]?[step.stepIndex] { return row }
        let rows = try await countRows(runID)
        run?.rows = rows
        guard let row = rows[episode]?[step.stepIndex] else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "step \(step.stepIndex) of episode \"\(step.episodeID)\" is gone; was its run deleted?"
            )
        }
        return row
    }

    /// Rows are in the order of arrival, so that counting all steps of the run tells which is whose.
    private func countRows(_ runID: String) async throws -> [[UInt8]: [Int64: Int]] {
        var rows: [[UInt8]: [Int64: Int]] = [:]
        var count = 0
        var cursor: String?
        repeat {
            let page = try await client.steps(ofRun: runID, limit: 10_000, cursor: cursor)
            for step in page.steps {
                rows[Array(step.episodeID.utf8), default: [:]][step.stepIndex] = count
                count += 1
            }
            cursor = page.cursor
        } while cursor != nil
        return rows
    }
}
