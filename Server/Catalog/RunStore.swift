import HDF5
import Wire

/// The rows that describe runs and the arrays in their files, as writes of any domain see them.
enum RunStore {
    static let migrations = [
        Migration(
            "runs",
            script: """
                CREATE TABLE runs (
                    run_id TEXT PRIMARY KEY NOT NULL,
                    status TEXT NOT NULL,
                    config TEXT,
                    tags TEXT NOT NULL,
                    agent_id TEXT,
                    worker_id TEXT,
                    compression TEXT NOT NULL,
                    started_at TEXT NOT NULL,
                    heartbeat_at TEXT NOT NULL,
                    finished_at TEXT,
                    next_row INTEGER NOT NULL DEFAULT 0,
                    next_episode INTEGER NOT NULL DEFAULT 0,
                    file_open INTEGER NOT NULL DEFAULT 0,
                    deleted_at TEXT
                ) STRICT;
                CREATE INDEX idx_runs_started_at ON runs (started_at, run_id);
                CREATE TABLE run_datasets (
                    run_id TEXT NOT NULL REFERENCES runs (run_id),
                    name TEXT NOT NULL,
                    dtype TEXT NOT NULL,
                    shape TEXT NOT NULL,
                    counted_by TEXT NOT NULL CHECK (counted_by IN ('step', 'episode', 'itself')),
                    rows INTEGER NOT NULL DEFAULT 0,
                    PRIMARY KEY (run_id, name)
                ) STRICT, WITHOUT ROWID;
                """
        ),
        Migration("sealed runs", script: "ALTER TABLE runs ADD COLUMN sealed_at TEXT;"),
        // Of the server's own runs: which of them goes on in it.
        Migration(
            "runs that continue others",
            script: """
                ALTER TABLE runs ADD COLUMN continues TEXT;
                CREATE INDEX idx_runs_continues ON runs (continues) WHERE continues IS NOT NULL;
                CREATE INDEX idx_run_datasets_itself ON run_datasets (name) WHERE counted_by = 'itself';
                """
        ),
    ]

    /// Whether a row of runs is a user's, in SQL.
    static let isUsers = "run_id NOT IN ('images', 'variables') AND continues IS NULL"

    /// The most datasets of a run: each is looked at for every batch, and a new one costs a copy of the file.
    private static let mostDatasets = 128

    /// What tells how many rows of a dataset are committed.
    enum Count: String {
        /// The run's `next_row`: one row a step.
        case step
        /// The run's `next_episode`: one row an episode.
        case episode
        /// The dataset's own `rows`.
        case itself
    }

    /// A run's state inside a write.
    struct State {
        let compression: Compression
        let startedAt: String
        let nextRow: Int
        let nextEpisode: Int
        /// Whether it is one of the server's own, in which another goes on.
        let isContinuation: Bool
    }

    /// The state of a run that exists, is not deleted, and continues no other.
    static func state(_ runID: String, _ connection: Connection) throws -> State {
        let state = try anyState(runID, connection)
        if state.isContinuation { throw isReserved(runID) }
        return state
    }

    /// Whether a run is one of the server's own.
    static func isOwn(_ runID: String, _ connection: Connection) throws -> Bool {
        if RunID.reserved.contains(runID) { return true }
        return try connection.first("SELECT continues IS NOT NULL FROM runs WHERE run_id = ?", runID) { $0.bool(0) }
            ?? false
    }

    /// What is answered to whoever would write to one of the server's own runs.
    static func isReserved(_ runID: String) -> WireError {
        WireError.invalidParams("run_id \"\(runID)\" is reserved for the server's own arrays")
    }

    /// The state of any run that exists and is not deleted.
    static func anyState(_ runID: String, _ connection: Connection) throws -> State {
        let state = try connection.first(
            """
            SELECT compression, started_at, next_row, next_episode, continues IS NOT NULL FROM runs
            WHERE run_id = ? AND deleted_at IS NULL
            """,
            runID
        ) { row in
            State(
                compression: Compression(row.string(0)) ?? .lzf,
                startedAt: row.string(1),
                nextRow: row.int(2),
                nextEpisode: row.int(3),
                isContinuation: row.bool(4)
            )
        }
        guard let state else { throw isUnknown(runID) }
        return state
    }

    /// What is answered to whoever asks for a run that is not there.
    static func isUnknown(_ runID: String) -> WireError {
        .notFound("run \"\(runID)\" does not exist; the dashboard's page Runs shows those that do (runs.list)")
    }

    /// What is answered to whoever would go on with a sealed run.
    static func isSealed(_ runID: String) -> WireError {
        WireError(
            "run_sealed",
            "run \"\(runID)\" is sealed: it takes no more steps; start another run, by another run_id"
        )
    }

    /// Makes sure that a run's file can be written in this group; to be called before its rows are changed.
    ///
    /// - Parameter restored: What is written again if the file had to be repaired.
    static func beginArrays(
        _ runID: String,
        _ state: State,
        _ transaction: WriteTransaction,
        restored: (Connection) throws -> [Column] = { _ in [] }
    ) throws {
        let connection = transaction.connection
        let mustOpen = try transaction.arrays.begin(runID: runID) {
            ArrayStage.Opening(
                createdAt: state.startedAt,
                compression: state.compression,
                committedRows: try committedRows(runID, connection),
                restored: try restored(connection)
            )
        }
        if mustOpen { try connection.execute("UPDATE runs SET file_open = 1 WHERE run_id = ?", runID) }
    }

    /// How many rows of each dataset are committed.
    static func committedRows(_ runID: String, _ connection: Connection) throws -> [String: Int] {
        let rows = try connection.rows(
            """
            SELECT name, CASE counted_by WHEN 'step' THEN next_row WHEN 'episode' THEN next_episode ELSE rows END
            FROM run_datasets JOIN runs USING (run_id) WHERE run_id = ?
            """,
            [runID]
        ) { ($0.string(0), $0.int(1)) }
        return Dictionary(rows, uniquingKeysWith: { $1 })
    }

    /// The datasets that have a row for each step, with their layouts.
    static func stepDatasets(_ runID: String, _ connection: Connection) throws -> [(name: String, layout: RowLayout)] {
        try connection.rows(
            "SELECT name, dtype, shape FROM run_datasets WHERE run_id = ? AND counted_by = 'step'",
            [runID]
        ) { row in
            guard let dtype = DType(rawValue: row.string(1)) else {
                throw WireError(.internalError, "dataset \(row.string(0)) has the unknown dtype \(row.string(1))")
            }
            let shape = row.string(2).split(separator: "x").compactMap { Int($0) }
            return (row.string(0), try RowLayout(dtype: dtype, shape: shape))
        }
    }

    /// The dataset's layout, registered now if it is new; a different one is refused.
    static func registerDataset(
        _ name: String,
        _ layout: RowLayout,
        countedBy: Count,
        runID: String,
        _ connection: Connection
    ) throws {
        let shape = layout.shape.map(String.init).joined(separator: "x")
        let known = try connection.first(
            "SELECT dtype, shape FROM run_datasets WHERE run_id = ? AND name = ?",
            runID,
            name
        ) { ($0.string(0), $0.string(1)) }
        guard let known else {
            let count = try connection.first("SELECT count(*) FROM run_datasets WHERE run_id = ?", runID) { $0.int(0) }
            guard count ?? 0 < mostDatasets else {
                throw WireError.invalidParams(
                    "run \"\(runID)\" has \(mostDatasets) datasets; that is the most, and \(name) would be one more"
                )
            }
            try connection.execute(
                "INSERT INTO run_datasets (run_id, name, dtype, shape, counted_by) VALUES (?, ?, ?, ?, ?)",
                runID,
                name,
                layout.dtype.rawValue,
                shape,
                countedBy.rawValue
            )
            return
        }
        guard known == (layout.dtype.rawValue, shape) else {
            throw WireError(
                .shapeMismatch,
                "\(name) of run \"\(runID)\" has rows of \(known.0) (\(Self.text(known.1))), as its first one was; got "
                    + "\(layout.dtype.rawValue) (\(Self.text(shape))): convert it, or use another name or run",
                details: [
                    "dataset": .string(name), "expected": .string("\(known.0) (\(known.1))"),
                    "got": .string("\(layout.dtype.rawValue) (\(shape))"),
                ]
            )
        }
    }

    private static func text(_ shape: String) -> String { shape.isEmpty ? "a single number" : shape }
}
