import Wire

/// The episodes that a batch of steps touches, with what the batch adds to them.
struct EpisodeRollups {
    struct Episode {
        let episodeID: String
        /// The row of the file's episode datasets.
        let index: Int
        let firstRow: Int
        let isNew: Bool
        let startedAt: String
        let agentID: String?
        let workerID: String?
        var steps: Int
        var totalReward: Double
        var terminated: Bool
        var truncated: Bool
    }

    /// The run's number of episodes, with the new ones.
    private(set) var nextEpisode: Int
    private(set) var touched: [Episode] = []
    /// The episode's index for each step of the batch.
    private(set) var indexOfStep: [Int64] = []
    private let runID: String
    private let connection: Connection

    init(batch: StepBatch, runID: String, state: RunStore.State, transaction: WriteTransaction) throws {
        self.runID = runID
        connection = transaction.connection
        nextEpisode = state.nextEpisode
        var places: [Int: Int] = [:]
        indexOfStep.reserveCapacity(batch.count)
        for row in 0..<batch.count {
            let code = batch.episodes.codes[row]
            if places[code] == nil {
                places[code] = touched.count
                touched.append(try find(batch, row, firstRow: state.nextRow + row, transaction))
            }
            let place = places[code, default: 0]
            indexOfStep.append(Int64(touched[place].index))
            touched[place].steps += 1
            touched[place].totalReward += batch.rewards[row]
            guard !touched[place].totalReward.isNaN else {
                throw WireError.invalidParams(
                    "step \(row): with this reward the total of episode \"\(touched[place].episodeID)\" is not a number"
                )
            }
            touched[place].terminated = touched[place].terminated || batch.terminated[row]
            touched[place].truncated = touched[place].truncated || batch.truncated[row]
        }
    }

    private mutating func find(
        _ batch: StepBatch,
        _ row: Int,
        firstRow: Int,
        _ transaction: WriteTransaction
    ) throws -> Episode {
        let episodeID = batch.episodes.value(row) ?? ""
        let known = try connection.first(
            """
            SELECT run_id, episode_index, first_row, timestamp, steps, total_reward, terminated, truncated
            FROM episodes WHERE episode_id = ?
            """,
            episodeID
        ) { row in
            (
                runID: row.string(0),
                episode: Episode(
                    episodeID: episodeID,
                    index: row.int(1),
                    firstRow: row.int(2),
                    isNew: false,
                    startedAt: row.string(3),
                    agentID: nil,
                    workerID: nil,
                    steps: row.int(4),
                    totalReward: row.double(5),
                    terminated: row.bool(6),
                    truncated: row.bool(7)
                )
            )
        }
        if let known {
            guard known.runID == runID else {
                throw WireError(
                    .episodeOfOtherRun,
                    "episode \"\(episodeID)\" belongs to run \"\(known.runID)\", not \"\(runID)\"",
                    details: ["episode_id": .string(episodeID), "run_id": .string(known.runID)]
                )
            }
            return known.episode
        }
        defer { nextEpisode += 1 }
        return Episode(
            episodeID: episodeID,
            index: nextEpisode,
            firstRow: firstRow,
            isNew: true,
            startedAt: batch.timestamps?[row].map(Timestamp.text) ?? transaction.timestamp,
            agentID: batch.agents?.value(row),
            workerID: batch.workers?.value(row),
            steps: 0,
            totalReward: 0,
            terminated: false,
            truncated: false
        )
    }

    /// Writes the episodes' rows.
    func save() throws {
        for episode in touched {
            if episode.isNew {
                try connection.execute(
                    """
                    INSERT INTO episodes (episode_id, total_reward, steps, terminated, truncated, timestamp, agent_id,
                    run_id, worker_id, episode_index, first_row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    episode.episodeID,
                    episode.totalReward,
                    episode.steps,
                    episode.terminated,
                    episode.truncated,
                    episode.startedAt,
                    episode.agentID,
                    runID,
                    episode.workerID,
                    episode.index,
                    episode.firstRow
                )
            } else {
                try connection.execute(
                    """
                    UPDATE episodes SET total_reward = ?, steps = ?, terminated = ?, truncated = ? WHERE episode_id = ?
                    """,
                    episode.totalReward,
                    episode.steps,
                    episode.terminated,
                    episode.truncated,
                    episode.episodeID
                )
            }
        }
    }
}
