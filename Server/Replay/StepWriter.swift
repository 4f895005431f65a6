import HDF5
import NIOCore
import Wire

/// Writes one batch of steps inside a transaction.
struct StepWriter {
    var batch: StepBatch
    /// The rows of each of the batch's attached arrays, encoded.
    let encoded: [[EncodedChunk]]
    /// What they are encoded for.
    let compression: Compression
    let runID: String
    let transaction: WriteTransaction

    private var connection: Connection { transaction.connection }

    mutating func write() throws -> StepsAppend.Result {
        let state = try RunStore.state(runID, connection)
        let sealedAt = try connection.first("SELECT sealed_at FROM runs WHERE run_id = ?", runID) {
            $0.optionalString(0)
        }
        guard sealedAt == .some(nil), state.compression == compression else {
            throw RunStore.isSealed(runID)
        }
        try RunStore.beginArrays(runID, state, transaction) { try Self.restored(runID, $0) }
        if let known = try RunStore.stepDatasets(runID, connection).first(where: { $0.name == "actions" }) {
            try batch.widenActions(to: known.layout)
        }
        try registerDatasets()
        let episodes = try EpisodeRollups(batch: batch, runID: runID, state: state, transaction: transaction)
        try insertSteps(firstRow: state.nextRow)
        try episodes.save()
        try connection.execute(
            "UPDATE runs SET next_row = ?, next_episode = ?, heartbeat_at = ? WHERE run_id = ?",
            state.nextRow + batch.count,
            episodes.nextEpisode,
            transaction.timestamp,
            runID
        )
        transaction.arrays.append(try columns(firstRow: state.nextRow, episodes: episodes), runID: runID)
        return StepsAppend.Result(stored: batch.count, firstIndex: state.nextRow)
    }

    // MARK: Datasets

    /// The lengths of a run's episodes: the only rows of its file that change after they were committed, so that a writer
    /// that was killed may have left ones that count uncommitted steps.
    static func restored(_ runID: String, _ connection: Connection) throws -> [Column] {
        let steps = try connection.rows(
            "SELECT steps FROM episodes WHERE run_id = ? ORDER BY episode_index",
            [runID]
        ) { $0.integer(0) }
        guard !steps.isEmpty else { return [] }
        let bytes = try ArrayValue(steps).bytes
        return [Column(spec: lengths, extent: steps.count, payload: .block(start: 0, bytes: bytes))]
    }

    private static let rewards = scalar("rewards", .float64)
    private static let dones = scalar("dones", .bool)
    private static let episodeIndex = scalar("episode_index", .int64)
    private static let discreteActions = scalar("actions", .int32)
    private static let starts = scalar("episodes/starts", .int64)
    private static let lengths = scalar("episodes/lengths", .int64)

    private static func scalar(_ name: String, _ dtype: DType) -> DatasetSpec {
        do {
            return DatasetSpec(name: name, layout: try RowLayout(dtype: dtype, shape: []), storage: .plain)
        } catch {
            preconditionFailure("a scalar is a valid row: \(error)")
        }
    }

    private var actions: DatasetSpec? {
        switch batch.actions {
        case .none: nil
        case .discrete: Self.discreteActions
        case .arrays(let source, _): DatasetSpec(name: "actions", layout: source.layout, storage: .plain)
        }
    }

    private func registerDatasets() throws {
        for spec in [Self.rewards, Self.dones, Self.episodeIndex] + (actions.map { [$0] } ?? []) {
            try RunStore.registerDataset(spec.name, spec.layout, countedBy: .step, runID: runID, connection)
        }
        for spec in [Self.starts, Self.lengths] {
            try RunStore.registerDataset(spec.name, spec.layout, countedBy: .episode, runID: runID, connection)
        }
        for attached in batch.attached {
            try RunStore.registerDataset(
                attached.dataset,
                attached.layout,
                countedBy: .step,
                runID: runID,
                connection
            )
        }
    }

    // MARK: Rows

    private func insertSteps(firstRow: Int) throws {
        let statement = try connection.statement(
            """
            INSERT INTO steps (episode_id, step_index, action, reward, terminated, truncated, timestamp, frame_ref,
            obs_ref, info, agent_id, run_id, worker_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        defer { statement.reset() }
        let frames = refs(batch.frames.map { [$0] } ?? [], firstRow: firstRow)
        let observations = refs(batch.observations, firstRow: firstRow)
        for row in 0..<batch.count {
            let time = batch.timestamps?[row].map(Timestamp.text) ?? transaction.timestamp
            try statement.bind(1, batch.episodes.value(row))
            try statement.bind(2, batch.stepIndices[row])
            try statement.bind(3, action(row).sqlValue)
            try statement.bind(4, batch.rewards[row])
            try statement.bind(5, batch.terminated[row].sqlValue)
            try statement.bind(6, batch.truncated[row].sqlValue)
            try statement.bind(7, time)
            try statement.bind(8, frames[row])
            try statement.bind(9, observations[row])
            try statement.bind(10, (batch.infos?[row].map { Array($0.utf8) }).sqlValue)
            try statement.bind(11, batch.agents?.value(row))
            try statement.bind(12, runID)
            try statement.bind(13, batch.workers?.value(row))
            do {
                try statement.execute()
            } catch let error as SQLError where error.isDuplicateKey {
                throw WireError(
                    .duplicateStep,
                    "step \(row): step_index \(batch.stepIndices[row]) of episode \"\(batch.episodes.value(row) ?? "")\" exists already: give each run, or its episodes, names of their own",
                    details: [
                        "episode_id": .string(batch.episodes.value(row) ?? ""),
                        "step_index": .integer(batch.stepIndices[row]),
                    ]
                )
            }
        }
    }

    private func action(_ row: Int) -> Int64? {
        guard case .discrete(let actions) = batch.actions else { return nil }
        return actions[row].map(Int64.init)
    }

    /// For each step a reference into the first of the datasets that has an array of it.
    private func refs(_ datasets: [StepBatch.Attached], firstRow: Int) -> [String?] {
        var refs = [String?](repeating: nil, count: batch.count)
        for attached in datasets {
            for row in attached.rows where refs[row] == nil {
                refs[row] = FrameRef(runID: runID, dataset: attached.dataset, index: firstRow + row).description
            }
        }
        return refs
    }

    // MARK: Arrays

    private func columns(firstRow: Int, episodes: EpisodeRollups) throws -> [Column] {
        let extent = firstRow + batch.count
        let dones = zip(batch.terminated, batch.truncated).map { $0 || $1 }
        var columns = [
            try block(Self.rewards, ArrayValue(batch.rewards).bytes, start: firstRow, extent: extent),
            try block(Self.dones, ArrayValue(dones).bytes, start: firstRow, extent: extent),
            try block(Self.episodeIndex, ArrayValue(episodes.indexOfStep).bytes, start: firstRow, extent: extent),
        ]
        columns += try actionColumns(firstRow: firstRow, extent: extent)
        for (attached, rows) in zip(batch.attached, encoded) {
            columns.append(
                Column(
                    spec: DatasetSpec(name: attached.dataset, layout: attached.layout, storage: .chunkPerRow),
                    extent: extent,
                    payload: .chunks(zip(attached.rows, rows).map { (firstRow + $0, $1) })
                )
            )
        }
        columns += try untouched(extent: extent)
        for episode in episodes.touched {
            columns.append(
                try block(
                    Self.starts,
                    ArrayValue([Int64(episode.firstRow)]).bytes,
                    start: episode.index,
                    extent: episodes.nextEpisode
                )
            )
            columns.append(
                try block(
                    Self.lengths,
                    ArrayValue([Int64(episode.steps)]).bytes,
                    start: episode.index,
                    extent: episodes.nextEpisode
                )
            )
        }
        return columns
    }

    /// The run's datasets that these steps have nothing for: they grow all the same, so that row i is the same step in all.
    private func untouched(extent: Int) throws -> [Column] {
        let written = Set(["rewards", "dones", "episode_index"] + batch.attached.map(\.dataset))
        return try RunStore.stepDatasets(runID, connection).compactMap { name, layout in
            guard !written.contains(name), name != "actions" || actions == nil else { return nil }
            if name == "actions" {
                let spec = DatasetSpec(name: name, layout: layout, storage: .plain)
                return block(spec, ByteBuffer(), start: extent, extent: extent)
            }
            let spec = DatasetSpec(name: name, layout: layout, storage: .chunkPerRow)
            return Column(spec: spec, extent: extent, payload: .chunks([]))
        }
    }

    private func actionColumns(firstRow: Int, extent: Int) throws -> [Column] {
        switch batch.actions {
        case .none: return []
        case .discrete(let actions):
            let bytes = try ArrayValue(actions.map { $0 ?? 0 }).bytes
            return [block(Self.discreteActions, bytes, start: firstRow, extent: extent)]
        case .arrays(let source, let rows):
            let spec = DatasetSpec(name: "actions", layout: source.layout, storage: .plain)
            return try rows.enumerated().map { index, row in
                let bytes = try source.encoded(index, for: .none, codec: RowCodec()).bytes
                return block(spec, bytes, start: firstRow + row, extent: extent)
            }
        }
    }

    private func block(_ spec: DatasetSpec, _ bytes: ByteBuffer, start: Int, extent: Int) -> Column {
        Column(spec: spec, extent: extent, payload: .block(start: start, bytes: bytes))
    }
}
