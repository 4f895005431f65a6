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
        let page: (values: [(step: StoredStep, position: Int64)], isCut: Bool)
        switch (parameters.episodeID, parameters.runID) {
        case (let episodeID?, nil):
            page = try await select("episode_id = ?", episodeID, position: "step_index", after, parameters, limit)
        case (nil, let runID?):
            try RunID.check(runID)
            page = try await select("run_id = ?", runID, position: "rowid", after, parameters, limit)
        default: throw WireError.invalidParams("episodes.steps takes exactly one of episode_id and run_id")
        }
        if page.values.isEmpty, after == nil { try await checkExists(parameters) }
        let last = page.isCut ? page.values.last : nil
        var result = EpisodesSteps.Result(
            steps: page.values.map(\.step),
            frame: nil,
            observation: nil,
            cursor: try last.map { try Page.cursor(Key(position: $0.position)) }
        )
        let arrays = Set(parameters.arrays ?? [])
        if arrays.contains(.frame) { result.frame = try await stack(result.steps.compactMap(\.frameRef), context) }
        if arrays.contains(.observation) {
            (result.observation, result.observationRows) = try await observations(
                result.steps.compactMap(\.obsRef),
                context
            )
        }
        if arrays.contains(.action) { result.action = try await actions(of: result.steps, context) }
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
    ) async throws -> (values: [(step: StoredStep, position: Int64)], isCut: Bool) {
        // step_index and rowid begin at 0 and 1: -1 lies before both.
        let values: [SQLValue] = [
            .text(value), .integer(after ?? -1), .integer(parameters.from ?? 0), .integer(parameters.to ?? .max),
            .integer(Int64(limit) + 1),
        ]
        let sql = """
            SELECT \(Self.stepColumns), \(position) FROM steps
            WHERE \(filter) AND \(position) > ? AND step_index >= ? AND step_index < ? ORDER BY \(position) LIMIT ?
            """
        return try await catalog.read { connection in
            try connection.page(sql, values, limit: limit, bytes: { $0.byteCount(10) }) {
                (try Self.step($0), $0.integer(13))
            }
        }
    }

    /// What ``step(_:)`` reads.
    static let stepColumns = """
        episode_id, run_id, step_index, action, reward, terminated, truncated, timestamp, frame_ref, obs_ref, info,
        agent_id, worker_id
        """

    static func step(_ row: Row) throws -> StoredStep {
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

    /// The observations of steps: one array, or for dict observations one for each name, and which steps have it where
    /// not all have.
    func observations(
        _ refs: [String],
        _ context: CallContext
    ) async throws -> (Observation?, [String: [Int]]?) {
        let parsed = try refs.map { text throws(WireError) in try FrameRef(text) }
        guard let first = parsed.first else { return (nil, nil) }
        let names = Set(parsed.map(\.dataset))
        if names == ["observations"] { return (try await stack(refs, context).map { .array($0) }, nil) }
        let datasets = try await catalog.read { connection in
            try connection.rows(
                "SELECT name FROM run_datasets WHERE run_id = ? AND name GLOB 'observations*' ORDER BY name",
                [first.runID]
            ) { $0.string(0) }
        }
        var arrays: [String: ArrayValue] = [:]
        var rows: [String: [Int]] = [:]
        for dataset in datasets {
            let named = parsed.map { FrameRef(runID: $0.runID, dataset: dataset, index: $0.index).description }
            let found = try await find(named, context)
            let name = String(dataset.dropFirst("observations.".count))
            guard let array = try await self.arrays.stack(found.compactMap { $0 }) else { continue }
            arrays[name] = array
            if found.contains(where: { $0 == nil }) { rows[name] = found.indices.filter { found[$0] != nil } }
        }
        return (.arrays(arrays), rows.isEmpty ? nil : rows)
    }
}
