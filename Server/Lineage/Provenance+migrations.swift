import Wire

extension Provenance {
    static let migrations = [
        Migration("lineage", script: variables + lineage) { connection in
            try connection.execute(
                """
                INSERT INTO runs (run_id, status, tags, compression, started_at, heartbeat_at, finished_at)
                VALUES (?1, 'finished', '[]', 'lzf', ?2, ?2, ?2)
                """,
                RunID.variables,
                Timestamp.text(Timestamp.now())
            )
        },
        Migration("lineage of invocations", script: invocations),
        Migration("collected variables", script: collection),
        Migration("variables in pieces", script: pieces),
    ]

    private static let variables = """
        CREATE TABLE variable_keys (
            position INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL,
            type TEXT NOT NULL CHECK (type IN ('string', 'integer', 'number'))
        ) STRICT;
        -- What values consist of, each once: small ones here, large ones as rows of leaves in the array file of the run
        -- "variables".
        CREATE TABLE variable_contents (
            content_hash TEXT PRIMARY KEY NOT NULL,
            size INTEGER NOT NULL,
            bytes BLOB,
            first_leaf INTEGER
        ) STRICT;
        CREATE TABLE variable_locations (
            location_id INTEGER PRIMARY KEY,
            variable TEXT NOT NULL,
            location TEXT NOT NULL,
            UNIQUE (variable, location)
        ) STRICT;
        CREATE TABLE variable_location_keys (
            variable TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, location_id INTEGER NOT NULL,
            PRIMARY KEY (variable, name, value, location_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE variable_records (
            record_id TEXT PRIMARY KEY NOT NULL,
            location_id INTEGER NOT NULL REFERENCES variable_locations (location_id),
            schema_version INTEGER NOT NULL,
            content_hash TEXT NOT NULL REFERENCES variable_contents (content_hash),
            metadata TEXT NOT NULL,
            version_keys TEXT NOT NULL,
            created_at TEXT NOT NULL,
            deleted_at TEXT
        ) STRICT;
        CREATE INDEX idx_variable_records_location ON variable_records (location_id);
        CREATE TABLE variable_saves (
            id INTEGER PRIMARY KEY,
            location_id INTEGER NOT NULL,
            record_id TEXT NOT NULL REFERENCES variable_records (record_id),
            at REAL NOT NULL
        ) STRICT;
        CREATE INDEX idx_variable_saves_location ON variable_saves (location_id, id);
        CREATE INDEX idx_variable_saves_record ON variable_saves (record_id);

        """

    private static let lineage = """
        CREATE TABLE lineage (
            output_record_id TEXT UNIQUE NOT NULL,
            output_type TEXT NOT NULL,
            lineage_hash TEXT,
            output_num INTEGER NOT NULL DEFAULT 0,
            function_name TEXT NOT NULL,
            function_hash TEXT NOT NULL,
            inputs TEXT NOT NULL,
            constants TEXT NOT NULL,
            run_id TEXT,
            user_id TEXT,
            created_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX idx_lineage_lineage_hash ON lineage (lineage_hash);
        CREATE INDEX idx_lineage_run_id ON lineage (run_id);
        CREATE TABLE lineage_edges (
            input_record_id TEXT NOT NULL, output_record_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
            PRIMARY KEY (output_record_id, name, input_record_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idx_lineage_edges_input ON lineage_edges (input_record_id);
        """

    private static let invocations = """
        ALTER TABLE lineage ADD COLUMN host TEXT;
        ALTER TABLE lineage ADD COLUMN started_at REAL;
        -- Other invocations that made the same records; the newest of each record is in lineage.
        CREATE TABLE lineage_earlier (
            id INTEGER PRIMARY KEY,
            output_record_id TEXT NOT NULL,
            output_type TEXT NOT NULL,
            lineage_hash TEXT,
            output_num INTEGER NOT NULL,
            function_name TEXT NOT NULL,
            function_hash TEXT NOT NULL,
            inputs TEXT NOT NULL,
            constants TEXT NOT NULL,
            run_id TEXT,
            user_id TEXT,
            created_at TEXT NOT NULL,
            host TEXT,
            started_at REAL
        ) STRICT;
        CREATE INDEX idx_lineage_earlier_record ON lineage_earlier (output_record_id);
        CREATE INDEX idx_lineage_earlier_lineage_hash ON lineage_earlier (lineage_hash);
        CREATE INDEX idx_lineage_earlier_run_id ON lineage_earlier (run_id);
        -- What functions consist of: {name: hash}.
        CREATE TABLE lineage_functions (function_hash TEXT PRIMARY KEY NOT NULL, parts TEXT NOT NULL) STRICT;
        INSERT OR IGNORE INTO lineage_functions SELECT function_hash, json_extract(entry.value, '$.parts')
            FROM lineage, json_each(constants) AS entry
            WHERE CASE entry.type WHEN 'object' THEN json_type(entry.value, '$.parts') END = 'object';
        CREATE TABLE lineage_leases (
            lineage_hash TEXT PRIMARY KEY NOT NULL, token INTEGER NOT NULL, owner TEXT NOT NULL, expires_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idx_lineage_leases_token ON lineage_leases (token);
        CREATE INDEX idx_lineage_leases_expires_at ON lineage_leases (expires_at);
        -- The greatest token that was ever given.
        CREATE TABLE lineage_token (last INTEGER NOT NULL) STRICT;
        INSERT INTO lineage_token (last) VALUES (0);
        """

    private static let collection = """
        -- Names that people give to records, which keep their values.
        CREATE TABLE variable_tags (
            tag TEXT NOT NULL, record_id TEXT NOT NULL REFERENCES variable_records (record_id), tagged_at TEXT NOT NULL,
            PRIMARY KEY (tag, record_id)
        ) STRICT, WITHOUT ROWID;
        -- Values that nothing needs, and since when (UNIX seconds). One that was evicted has neither bytes nor leaves.
        CREATE TABLE variable_quarantine (
            content_hash TEXT PRIMARY KEY NOT NULL REFERENCES variable_contents (content_hash), since REAL NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idx_variable_records_content ON variable_records (content_hash);
        """

    private static let pieces = """
        -- Pieces of arrays: rows of variable_contents; and the SHA-256s of 2^20 bytes at a time, of which an array's hash is made.
        CREATE TABLE variable_pieces (
            piece_hash TEXT PRIMARY KEY NOT NULL REFERENCES variable_contents (content_hash), leaves BLOB NOT NULL
        ) STRICT;
        CREATE TABLE variable_content_pieces (
            content_hash TEXT NOT NULL REFERENCES variable_contents (content_hash), number INTEGER NOT NULL,
            piece_hash TEXT NOT NULL REFERENCES variable_pieces (piece_hash),
            PRIMARY KEY (content_hash, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idx_variable_content_pieces_piece ON variable_content_pieces (piece_hash);
        """
}
