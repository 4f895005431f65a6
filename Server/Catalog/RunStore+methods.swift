import Foundation
import HDF5
import NIOCore
import Wire

/// What a domain keeps of runs, for deleting them.
struct RunDependent: Sendable {
    /// What refers to a run and forbids its deletion, as `run_in_use` names it; nil if nothing does.
    let use: @Sendable (_ runID: String, Connection) throws -> String?
    /// The domain's references to arrays of a run.
    let references: @Sendable (_ runID: String, Connection) throws -> [String]
    /// Takes a reference to an array out of the domain's rows of a run; says of how many.
    let clear: @Sendable (_ ref: String, _ runID: String, Connection) throws -> Int
    /// Removes the domain's rows of a run.
    let delete: @Sendable (_ runID: String, WriteTransaction) throws -> Void
}

/// The methods `runs.*`.
struct RunMethods: Sendable {
    /// A run that was not heard of for so long is shown as crashed.
    static let heartbeatTimeout = 60.0

    let catalog: Catalog
    let arrays: ArrayStore
    let dependents: [RunDependent]

    func register(in table: inout MethodTable) {
        table.on(RunsStart.self) { parameters, _ in try start(parameters) }
        table.on(RunsHeartbeat.self) { parameters, _ in try heartbeat(parameters) }
        table.on(RunsFinish.self) { parameters, _ in try finish(parameters) }
        table.on(RunsSeal.self) { parameters, _ in try await seal(parameters) }
        table.on(RunsDelete.self) { parameters, _ in try delete(parameters) }
        table.on(RefsValidate.self) { parameters, _ in try await validate(parameters) }
        table.on(RefsRepair.self) { parameters, _ in try repair(parameters) }
        table.on(RunsGet.self) { parameters, _ in try await get(parameters) }
        table.on(RunsList.self) { parameters, _ in try await list(parameters) }
    }

    /// Throws unless the id is valid and not a reserved one.
    static func check(_ runID: String) throws {
        try RunID.check(runID)
        if RunID.reserved.contains(runID) { throw RunStore.isReserved(runID) }
    }

    private func start(_ parameters: RunsStart) throws -> @Sendable (WriteTransaction) throws -> RunsStart.Result {
        let runID = parameters.runID
        try Self.check(runID)
        if let name = parameters.compression, Compression(name) == nil {
            throw WireError.invalidParams("compression \"\(name)\" is not one of lzf, gzip-1 … gzip-9, none")
        }
        let config = try Attachment.json(parameters.config, "config", atMost: 1 << 20)
        let tags = try parameters.tags.map { try Attachment.text($0, "tags", atMost: 64 << 10) }
        try Attachment.check(parameters.agentID, "agent_id")
        try Attachment.check(parameters.workerID, "worker_id")
        return { [catalog] transaction in
            transaction.afterCommit { catalog.announcements.post(.runs, runs: [runID]) }
            let connection = transaction.connection
            let known = try connection.first(
                "SELECT compression, deleted_at, sealed_at, continues FROM runs WHERE run_id = ?",
                runID
            ) {
                (compression: $0.string(0), isDeleted: !$0.isNull(1), isSealed: !$0.isNull(2), isOwn: !$0.isNull(3))
            }
            if known?.isOwn ?? RunID.isReserved(runID) { throw RunStore.isReserved(runID) }
            guard let known else {
                try connection.execute(
                    """
                    INSERT INTO runs (run_id, status, config, tags, agent_id, worker_id, compression, started_at, heartbeat_at)
                    VALUES (?1, 'running', ?2, ?3, ?4, ?5, ?6, ?7, ?7)
                    """,
                    runID,
                    config,
                    tags ?? "[]",
                    parameters.agentID,
                    parameters.workerID,
                    parameters.compression ?? Compression.lzf.description,
                    transaction.timestamp
                )
                return RunsStart.Result(runID: runID, resumed: false)
            }
            guard !known.isDeleted else {
                throw WireError("run_deleted", "run \"\(runID)\" was deleted; choose another run_id")
            }
            guard !known.isSealed else { throw RunStore.isSealed(runID) }
            if let asked = parameters.compression, asked != known.compression {
                throw WireError(
                    "compression_mismatch",
                    "run \"\(runID)\" was started with compression \(known.compression), got \(asked)"
                )
            }
            try connection.execute(
                """
                UPDATE runs SET status = 'running', finished_at = NULL, heartbeat_at = ?2, config = coalesce(?3, config),
                tags = coalesce(?4, tags), agent_id = coalesce(?5, agent_id), worker_id = coalesce(?6, worker_id)
                WHERE run_id = ?1
                """,
                runID,
                transaction.timestamp,
                config,
                tags,
                parameters.agentID,
                parameters.workerID
            )
            return RunsStart.Result(runID: runID, resumed: true)
        }
    }

    private func heartbeat(
        _ parameters: RunsHeartbeat
    ) throws -> @Sendable (WriteTransaction) throws -> RunsFinish.Result {
        let runID = parameters.runID
        try Self.check(runID)
        return { transaction in
            _ = try RunStore.state(runID, transaction.connection)
            try transaction.connection.execute(
                "UPDATE runs SET heartbeat_at = ? WHERE run_id = ?",
                transaction.timestamp,
                runID
            )
            let status = try transaction.connection.first("SELECT status FROM runs WHERE run_id = ?", runID) {
                RunStatus(rawValue: $0.string(0)) ?? .running
            }
            return RunsFinish.Result(runID: runID, status: status ?? .running)
        }
    }

    private func finish(_ parameters: RunsFinish) throws -> @Sendable (WriteTransaction) throws -> RunsFinish.Result {
        let runID = parameters.runID
        try Self.check(runID)
        return { [arrays, catalog] transaction in
            _ = try RunStore.state(runID, transaction.connection)
            try transaction.connection.execute(
                """
                UPDATE runs SET status = ?2, finished_at = ?3, heartbeat_at = ?3 WHERE run_id = ?1
                """,
                runID,
                parameters.status.rawValue,
                transaction.timestamp
            )
            transaction.afterCommit {
                arrays.close(runID)
                catalog.announcements.post(.runs, runs: [runID])
            }
            return RunsFinish.Result(runID: runID, status: RunStatus(parameters.status))
        }
    }

    private func delete(_ parameters: RunsDelete) throws -> @Sendable (WriteTransaction) throws -> RunsDelete.Result {
        let runID = parameters.runID
        try Self.check(runID)
        return { [arrays, catalog, dependents] transaction in
            let connection = transaction.connection
            _ = try RunStore.state(runID, connection)
            for dependent in dependents {
                if let use = try dependent.use(runID, connection) {
                    throw WireError(
                        .runInUse,
                        "run \"\(runID)\" is in use by \(use); remove that first",
                        details: ["by": .string(use)]
                    )
                }
            }
            for dependent in dependents { try dependent.delete(runID, transaction) }
            try connection.execute("DELETE FROM run_datasets WHERE run_id = ?", runID)
            // The row stays, so that the id is never given to other frames: pictures are cached for ever by it.
            try connection.execute(
                "UPDATE runs SET deleted_at = ?, file_open = 0 WHERE run_id = ?",
                transaction.timestamp,
                runID
            )
            transaction.afterCommit {
                catalog.remove { arrays.delete(runID) }
                catalog.announcements.post(.runs, runs: [runID])
            }
            return RunsDelete.Result(runID: runID)
        }
    }

    private static let columns = """
        run_id, status, config, tags, agent_id, worker_id, compression, started_at, heartbeat_at, finished_at, next_row,
        next_episode
        """

    private func get(_ parameters: RunsGet) async throws -> Run {
        let runID = parameters.runID
        try Self.check(runID)
        let run = try await catalog.read { connection in
            try connection.first(
                "SELECT \(Self.columns) FROM runs WHERE run_id = ? AND deleted_at IS NULL AND continues IS NULL",
                runID,
                read: Self.run
            )
        }
        guard let run else { throw RunStore.isUnknown(runID) }
        return run
    }

    private struct Key: Codable {
        let startedAt: String
        let runID: String
    }

    private func list(_ parameters: RunsList) async throws -> RunsList.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let after = try Page.key(Key.self, of: parameters.cursor)
        let (runs, isCut) = try await catalog.read { connection in
            try connection.page(
                """
                SELECT \(Self.columns) FROM runs
                WHERE deleted_at IS NULL AND \(RunStore.isUsers) AND (started_at, run_id) < (?, ?)
                ORDER BY started_at DESC, run_id DESC LIMIT ?
                """,
                [after?.startedAt ?? "~", after?.runID ?? "", limit + 1],
                limit: limit,
                bytes: { $0.byteCount(2) + $0.byteCount(3) }
            ) { (run: try Self.run($0), startedAt: $0.string(7)) }
        }
        return RunsList.Result(
            runs: runs.map(\.run),
            cursor: try (isCut ? runs.last : nil).map {
                try Page.cursor(Key(startedAt: $0.startedAt, runID: $0.run.runID))
            }
        )
    }

    @Sendable private static func run(_ row: Row) throws -> Run {
        let heartbeatAt = Timestamp.seconds(row.string(8)) ?? 0
        var status = RunStatus(rawValue: row.string(1)) ?? .running
        if status == .running, Timestamp.now() - heartbeatAt > heartbeatTimeout { status = .crashed }
        return Run(
            runID: row.string(0),
            status: status,
            config: try row.optionalString(2).map { try JSONCoding.decode(JSONValue.self, from: .init(string: $0)) },
            tags: try JSONCoding.decode([String].self, from: .init(string: row.string(3))),
            agentID: row.optionalString(4),
            workerID: row.optionalString(5),
            compression: row.string(6),
            startedAt: Timestamp.seconds(row.string(7)) ?? 0,
            heartbeatAt: heartbeatAt,
            finishedAt: row.optionalString(9).flatMap(Timestamp.seconds),
            steps: row.int(10),
            episodes: row.int(11)
        )
    }
}
