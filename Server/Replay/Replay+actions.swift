import HDF5
import NIOCore
import Wire

extension Replay {
    /// The actions of steps as one array (n, …), 0 where a step had none; nil where the runs have no actions.
    func actions(of steps: [StoredStep], _ context: CallContext) async throws -> ArrayValue? {
        let (refs, layouts) = try await catalog.read { connection in
            let runs = Set(steps.compactMap(\.runID))
            let layouts = try runs.compactMap { run in
                try RunStore.stepDatasets(run, connection).first { $0.name == "actions" }?.layout
            }
            return (layouts.isEmpty ? [] : try Self.actionRefs(steps, connection), layouts)
        }
        guard let layout = layouts.first else { return nil }
        let rows = try await find(refs.map(\.description), context)
        // The dataset may be shorter than the run: it ends with the last step that had an action.
        let none = EncodedChunk(bytes: ByteBuffer(repeating: 0, count: layout.rowBytes), isRaw: true)
        return try await arrays.stack(
            zip(refs, rows).map { ref, row in
                row ?? StoredRow(ref: ref, layout: layout, compression: .none, row: ChunkedRow(none))
            }
        )
    }

    private static func actionRefs(_ steps: [StoredStep], _ connection: Connection) throws -> [FrameRef] {
        var counter = RowCounter(connection: connection)
        return try steps.map { step in
            // Row i of every dataset is the same step.
            let known = try (step.frameRef ?? step.obsRef).map { try FrameRef($0) }
            return FrameRef(
                runID: step.runID ?? "",
                dataset: "actions",
                index: try known?.index ?? counter.row(of: step)
            )
        }
    }
}

/// Finds the rows of steps that have no reference to tell it: a run's rows are its steps in the order of arrival, so those
/// between an episode's first step and another one of it are counted.
private struct RowCounter {
    /// A step whose row is known.
    private struct Mark {
        let rowID: Int64
        let row: Int
    }

    let connection: Connection
    private var marks: [[UInt8]: Mark] = [:]

    init(connection: Connection) { self.connection = connection }

    mutating func row(of step: StoredStep) throws -> Int {
        let rowID = try connection.first(
            "SELECT rowid FROM steps WHERE episode_id = ? AND step_index = ?",
            step.episodeID,
            step.stepIndex
        ) { $0.integer(0) }
        // Swift compares strings by canonical equivalence, ids are compared byte by byte.
        let episode = Array(step.episodeID.utf8)
        guard let rowID, let mark = try marks[episode] ?? first(of: step.episodeID) else {
            throw WireError.notFound("step \(step.stepIndex) of episode \"\(step.episodeID)\" is gone")
        }
        let between = try connection.first(
            "SELECT count(*) FROM steps WHERE run_id = ? AND rowid >= ? AND rowid < ?",
            step.runID,
            min(mark.rowID, rowID),
            max(mark.rowID, rowID)
        ) { $0.int(0) }
        let row = mark.row + (rowID < mark.rowID ? -1 : 1) * (between ?? 0)
        marks[episode] = Mark(rowID: rowID, row: row)
        return row
    }

    private func first(of episodeID: String) throws -> Mark? {
        try connection.first(
            """
            SELECT (SELECT min(rowid) FROM steps WHERE steps.episode_id = episodes.episode_id), first_row FROM episodes
            WHERE episode_id = ?
            """,
            episodeID
        ) { Mark(rowID: $0.integer(0), row: $0.int(1)) }
    }
}
