import Wire

extension Replay {
    /// `h5://RUN_ID/DATASET/INDEX`, `episode:EPISODE_ID`.
    static let lineageSources = [
        LineageSource(
            scheme: "h5",
            type: "frame",
            describe: { id, connection in
                guard let ref = try? FrameRef("h5:\(id)") else { return nil }
                var details: [String: JSONValue] = ["run_id": .string(ref.runID), "ref": .string(ref.description)]
                if let step = try step(of: ref, connection) {
                    details["episode_id"] = .string(step.episodeID)
                    details["step_index"] = .integer(step.index)
                } else if try isBeyond(ref, connection) {
                    return nil
                }
                return details
            },
            origins: { id, _, connection in
                guard let ref = try? FrameRef("h5:\(id)") else { return [] }
                if let step = try step(of: ref, connection) {
                    return [.init(reference: "episode:\(step.episodeID)", name: "step \(step.index)")]
                }
                // The server's own runs are nobody's.
                if try RunStore.isOwn(ref.runID, connection) { return [] }
                return [.init(reference: "run:\(ref.runID)", name: "arrays")]
            }
        ),
        LineageSource(
            scheme: "episode",
            type: "episode",
            describe: { id, connection in
                try connection.first("SELECT run_id, steps, total_reward FROM episodes WHERE episode_id = ?", id) {
                    [
                        "episode_id": .string(id), "run_id": .string($0.string(0)), "steps": .integer($0.integer(1)),
                        "total_reward": .number($0.double(2)),
                    ]
                }
            },
            origins: { id, _, connection in
                let runID = try connection.first("SELECT run_id FROM episodes WHERE episode_id = ?", id) {
                    $0.optionalString(0)
                }
                return (runID ?? nil).map { [.init(reference: "run:\($0)", name: "episode")] } ?? []
            }
        ),
    ]

    /// Whether there never was such a row: no run of this name, or none with so many. What was deleted with its run was there.
    private static func isBeyond(_ ref: FrameRef, _ connection: Connection) throws -> Bool {
        if try RunStore.isOwn(ref.runID, connection) { return false }
        let isThere = try connection.first(
            "SELECT deleted_at IS NOT NULL OR next_row > ? FROM runs WHERE run_id = ?",
            ref.index,
            ref.runID
        ) { $0.bool(0) }
        return !(isThere ?? false)
    }

    /// The step that a row belongs to: row i of every dataset of steps is the same step.
    private static func step(
        of ref: FrameRef,
        _ connection: Connection
    ) throws -> (episodeID: String, index: Int64)? {
        // Frames have an index; of a step without one the run is found by its own.
        let frame = FrameRef(runID: ref.runID, dataset: "frames", index: ref.index).description
        let byFrame = try connection.first("SELECT episode_id, step_index FROM steps WHERE frame_ref = ?", frame) {
            ($0.string(0), $0.integer(1))
        }
        if let byFrame { return byFrame }
        return try connection.first(
            "SELECT episode_id, step_index FROM steps WHERE run_id = ? AND obs_ref = ?",
            ref.runID,
            ref.description
        ) { ($0.string(0), $0.integer(1)) }
    }
}
