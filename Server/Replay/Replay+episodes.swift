import NIOCore
import Wire

extension Replay {
    /// `episodes.finish`
    func finish(_ parameters: EpisodesFinish) throws -> @Sendable (WriteTransaction) throws -> EpisodesFinish.Result {
        try RunMethods.check(parameters.runID)
        let metadata = try Attachment.json(parameters.metadata, "metadata", atMost: 1 << 20).map { Array($0.utf8) }
        return { transaction in
            let connection = transaction.connection
            _ = try RunStore.state(parameters.runID, connection)
            let episodeID = parameters.episodeID
            guard let episode = try Self.episode(episodeID, connection) else {
                throw WireError.notFound("episode \"\(episodeID)\" has no steps")
            }
            guard episode.runID == parameters.runID else {
                throw WireError(
                    .episodeOfOtherRun,
                    "episode \"\(episodeID)\" belongs to run \"\(episode.runID)\", not \"\(parameters.runID)\"",
                    details: ["episode_id": .string(episodeID), "run_id": .string(episode.runID)]
                )
            }
            try connection.execute(
                "UPDATE episodes SET finished_at = ?, metadata = coalesce(?, metadata) WHERE episode_id = ?",
                transaction.timestamp,
                metadata,
                episodeID
            )
            return EpisodesFinish.Result(
                episodeID: episodeID,
                steps: episode.steps,
                totalReward: episode.totalReward,
                terminated: episode.terminated,
                truncated: episode.truncated
            )
        }
    }

    /// `episodes.get`
    func get(_ parameters: EpisodesGet) async throws -> Episode {
        let episode = try await catalog.read { try Self.episode(parameters.episodeID, $0) }
        guard let episode else { throw WireError.notFound("episode \"\(parameters.episodeID)\" does not exist") }
        return episode
    }

    private struct Key: Codable {
        /// What the list is sorted by; `value` is one of that.
        let order: EpisodesList.Order
        let descending: Bool
        let value: JSONValue
        let episodeID: String
    }

    /// `episodes.list`
    func list(_ parameters: EpisodesList) async throws -> EpisodesList.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        if let runID = parameters.runID { try RunID.check(runID) }
        let (order, descending) = (parameters.order ?? .startedAt, parameters.descending ?? false)
        let column =
            switch order {
            case .startedAt: "timestamp"
            case .totalReward: "total_reward"
            case .steps: "steps"
            }
        let (direction, comparison) = descending ? ("DESC", "<") : ("ASC", ">")
        var conditions: [String] = []
        var arguments: [any SQLConvertible] = []
        if let runID = parameters.runID {
            conditions.append("run_id = ?")
            arguments.append(runID)
        }
        if let key = try Page.key(Key.self, of: parameters.cursor) {
            guard key.order == order, key.descending == descending else {
                throw WireError.invalidParams(
                    "params.cursor is of a list by \(key.order.rawValue), \(key.descending ? "descending" : "ascending"); ask for the same, or leave it away"
                )
            }
            conditions.append("(\(column), episode_id) \(comparison) (?, ?)")
            arguments += [try Self.sqlValue(key.value), key.episodeID]
        }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql = """
            SELECT \(Self.columns), \(column) FROM episodes \(filter)
            ORDER BY \(column) \(direction), episode_id \(direction) LIMIT ?
            """
        let values = arguments.map(\.sqlValue) + [SQLValue.integer(Int64(limit) + 1)]
        let (rows, isCut) = try await catalog.read { connection in
            try connection.page(sql, values, limit: limit, bytes: { $0.byteCount(10) }) {
                (try Self.episode($0), $0.value(Self.columnCount))
            }
        }
        return EpisodesList.Result(
            episodes: rows.map(\.0),
            cursor: try (isCut ? rows.last : nil).map {
                try Page.cursor(
                    Key(
                        order: order,
                        descending: descending,
                        value: Self.json($0.1),
                        episodeID: $0.0.episodeID
                    )
                )
            }
        )
    }

    private static func sqlValue(_ value: JSONValue) throws -> SQLValue {
        switch value {
        case .integer(let number): .integer(number)
        case .number(let number): .real(number)
        // Infinite returns are strings in JSON, and so are times.
        case .string("Infinity"): .real(.infinity)
        case .string("-Infinity"): .real(-.infinity)
        case .string(let text): .text(text)
        default: throw WireError.invalidParams("params.cursor is not one that episodes.list gave out")
        }
    }

    private static func json(_ value: SQLValue) -> JSONValue {
        switch value {
        case .integer(let number): .integer(number)
        case .real(let number): .number(number)
        case .text(let text): .string(text)
        case .null, .blob: .null
        }
    }

    private static let columns = """
        episode_id, run_id, steps, total_reward, terminated, truncated, finished_at, timestamp, agent_id, worker_id, metadata
        """
    private static let columnCount: Int32 = 11

    private static func episode(_ episodeID: String, _ connection: Connection) throws -> Episode? {
        try connection.first("SELECT \(columns) FROM episodes WHERE episode_id = ?", episodeID, read: episode)
    }

    private static func episode(_ row: Row) throws -> Episode {
        Episode(
            episodeID: row.string(0),
            runID: row.string(1),
            steps: row.int(2),
            totalReward: row.double(3),
            terminated: row.bool(4),
            truncated: row.bool(5),
            finished: !row.isNull(6),
            startedAt: Timestamp.seconds(row.string(7)) ?? 0,
            agentID: row.optionalString(8),
            workerID: row.optionalString(9),
            metadata: row.isNull(10)
                ? nil : try JSONCoding.decode(JSONValue.self, from: ByteBuffer(bytes: row.blob(10)))
        )
    }
}
