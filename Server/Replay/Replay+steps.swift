import NIOCore
import Wire

extension Replay {
    private struct Key: Codable {
        let position: Int64
    }

    /// `episodes.steps`
    func steps(_ parameters: EpisodesSteps, _ context: CallContext) async throws -> EpisodesSteps.Result {
        let limit = try Page.limit(parameters.limit, default: 1000, maximum: 10_000)
        let after = try Page.key(Key.self, of: parameters.cursor)?.position
        let rows: [(step: StoredStep, position: Int64)]
        switch (parameters.episodeID, parameters.runID) {
        case (let episodeID?, nil):
            rows = try await select("episode_id = ?", episodeID, position: "step_index", after, parameters, limit + 1)
        case (nil, let runID?):
            try RunID.check(runID)
            rows = try await select("run_id = ?", runID, position: "rowid", after, parameters, limit + 1)
        default: throw WireError.invalidParams("episodes.steps takes exactly one of episode_id and run_id")
        }
        if rows.isEmpty, after == nil { try await checkExists(parameters) }
        let page = rows.prefix(limit)
        var result = EpisodesSteps.Result(
            steps: page.map(\.step),
            frame: nil,
            observation: nil,
            cursor: rows.count > limit ? try page.last.map { try Page.cursor(Key(position: $0.position)) } : nil
        )
        let arrays = Set(parameters.arrays ?? [])
        if arrays.contains(.frame) { result.frame = try await stack(result.steps.compactMap(\.frameRef), context) }
        if arrays.contains(.observation) {
            result.observation = try await observations(result.steps.compactMap(\.obsRef), context)
        }
        return result
    }

    private func checkExists(_ parameters: EpisodesSteps) async throws {
        if let episodeID = parameters.episodeID {
            _ = try await get(EpisodesGet(episodeID: episodeID))
        } else if let runID = parameters.runID {
            _ = try await catalog.read { try RunStore.state(runID, $0) }
        }
    }

    private func select(
        _ filter: String,
        _ value: String,
        position: String,
        _ after: Int64?,
        _ parameters: EpisodesSteps,
        _ limit: Int
    ) async throws -> [(step: StoredStep, position: Int64)] {
        // step_index and rowid begin at 0 and 1: -1 lies before both.
        let values: [SQLValue] = [
            .text(value), .integer(after ?? -1), .integer(parameters.from ?? 0), .integer(parameters.to ?? .max),
            .integer(Int64(limit)),
        ]
        let sql = """
            SELECT episode_id, run_id, step_index, action, reward, terminated, truncated, timestamp, frame_ref, obs_ref,
            info, agent_id, worker_id, \(position) FROM steps
            WHERE \(filter) AND \(position) > ? AND step_index >= ? AND step_index < ? ORDER BY \(position) LIMIT ?
            """
        return try await catalog.read { connection in
            try connection.rows(sql, values) { (try Self.step($0), $0.integer(13)) }
        }
    }

    private static func step(_ row: Row) throws -> StoredStep {
        StoredStep(
            episodeID: row.string(0),
            runID: row.optionalString(1),
            stepIndex: row.integer(2),
            action: row.optionalInteger(3),
            reward: row.double(4),
            terminated: row.bool(5),
            truncated: row.bool(6),
            timestamp: Timestamp.seconds(row.string(7)) ?? 0,
            frameRef: row.optionalString(8),
            obsRef: row.optionalString(9),
            info: row.isNull(10) ? nil : try JSONCoding.decode(JSONValue.self, from: ByteBuffer(bytes: row.blob(10))),
            agentID: row.optionalString(11),
            workerID: row.optionalString(12)
        )
    }

    /// The observations of steps: one array, or for dict observations one for each name.
    private func observations(_ refs: [String], _ context: CallContext) async throws -> Observation? {
        guard let first = refs.first else { return nil }
        let run = try FrameRef(first)
        guard run.dataset != "observations" else { return try await stack(refs, context).map { .array($0) } }
        let datasets = try await catalog.read { connection in
            try connection.rows(
                "SELECT name FROM run_datasets WHERE run_id = ? AND name GLOB 'observations.*'",
                [run.runID]
            ) { $0.string(0) }
        }
        var arrays: [String: ArrayValue] = [:]
        for dataset in datasets {
            let named = try refs.map { text in
                let ref = try FrameRef(text)
                return FrameRef(runID: ref.runID, dataset: dataset, index: ref.index).description
            }
            arrays[String(dataset.dropFirst("observations.".count))] = try await stack(named, context)
        }
        return .arrays(arrays)
    }
}
