import Wire

extension Provenance {
    private static let standardGrace = 86_400.0

    /// `variables.collect`
    ///
    /// What is needed is found, and what is not is evicted, in one transaction: nothing can begin to need a value in between.
    func collect(
        _ parameters: VariablesCollect
    ) throws -> @Sendable (WriteTransaction) throws -> VariablesCollect.Result {
        let grace = parameters.grace ?? Self.standardGrace
        guard grace >= 0, grace.isFinite else {
            throw WireError.invalidParams("params.grace_seconds is \(grace); it is at least 0")
        }
        guard (0...1_000_000).contains(parameters.keepLatest ?? 1) else {
            throw WireError.invalidParams("params.keep_latest is \(parameters.keepLatest ?? 1); it is 0 to 1 000 000")
        }
        return { transaction in
            let collection = Collection(
                parameters: parameters,
                due: transaction.time - grace,
                now: transaction.time,
                connection: transaction.connection
            )
            return try collection.run()
        }
    }
}

/// One garbage collection, inside a transaction.
private struct Collection {
    let parameters: VariablesCollect
    /// What has been in quarantine since then, or for longer, is evicted.
    let due: Double
    let now: Double
    let connection: Connection

    func run() throws -> VariablesCollect.Result {
        try connection.run(
            script: """
                DROP TABLE IF EXISTS temp.kept_records;
                DROP TABLE IF EXISTS temp.unneeded;
                CREATE TEMP TABLE kept_records (record_id TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
                CREATE TEMP TABLE unneeded (content_hash TEXT PRIMARY KEY NOT NULL, size INTEGER, since REAL)
                WITHOUT ROWID;
                """
        )
        try keep()
        try findUnneeded()
        let result = VariablesCollect.Result(
            kept: try amount(
                "variable_contents WHERE \(Provenance.isHeld) AND content_hash NOT IN (SELECT content_hash FROM unneeded)"
            ),
            rescued: try amount(
                """
                variable_contents JOIN variable_quarantine USING (content_hash)
                WHERE \(Provenance.isHeld) AND content_hash NOT IN (SELECT content_hash FROM unneeded)
                """
            ),
            quarantined: try amount("unneeded WHERE since > \(due)"),
            evicted: try amount("unneeded WHERE since <= \(due)")
        )
        if !(parameters.dryRun ?? false) { try evict() }
        try connection.run(script: "DROP TABLE temp.kept_records; DROP TABLE temp.unneeded;")
        return result
    }

    /// Marks the records whose values are needed.
    private func keep() throws {
        try connection.execute(
            """
            INSERT OR IGNORE INTO kept_records SELECT record_id FROM (
                SELECT record_id, row_number() OVER (PARTITION BY location_id ORDER BY max(s.id) DESC) AS place
                FROM variable_saves AS s JOIN variable_records AS r USING (record_id, location_id)
                WHERE deleted_at IS NULL GROUP BY record_id, location_id
            ) WHERE place <= ?
            """,
            parameters.keepLatest ?? 1
        )
        try connection.execute("INSERT OR IGNORE INTO kept_records SELECT record_id FROM variable_tags")
        let roots = Set(parameters.keepReachable ?? VariablesCollect.Root.allCases)
        if roots.contains(.tags) { try keepUpstream(of: "SELECT record_id FROM variable_tags") }
        if roots.contains(.snapshots) {
            try keepUpstream(
                of: """
                    SELECT id FROM (WITH RECURSIVE made(id) AS (
                        SELECT output_record_id FROM lineage_edges
                        WHERE input_record_id >= 'snapshot:' AND input_record_id < 'snapshot;'
                        UNION SELECT output_record_id FROM lineage_edges JOIN made ON input_record_id = id
                    ) SELECT id FROM made)
                    """
            )
        }
        guard !(parameters.originals ?? false) else { return }
        try connection.execute(
            """
            INSERT OR IGNORE INTO kept_records SELECT record_id FROM variable_records
            WHERE record_id NOT IN (SELECT output_record_id FROM lineage)
            """
        )
    }

    private func keepUpstream(of roots: String) throws {
        try connection.execute(
            """
            INSERT OR IGNORE INTO kept_records WITH RECURSIVE source(id) AS (
                \(roots) UNION SELECT input_record_id FROM lineage_edges JOIN source ON output_record_id = id
            ) SELECT id FROM source
            """
        )
    }

    /// The values that no needed record has, then the pieces that no needed value has; and since when they are in quarantine.
    private func findUnneeded() throws {
        try connection.execute(
            """
            INSERT INTO unneeded SELECT content_hash, size, ifnull(since, ?) FROM variable_contents AS c
            LEFT JOIN variable_quarantine USING (content_hash)
            WHERE \(Provenance.isHeld) AND content_hash NOT IN (SELECT piece_hash FROM variable_pieces) AND NOT EXISTS (
                SELECT 1 FROM variable_records AS r WHERE r.content_hash = c.content_hash AND deleted_at IS NULL
                AND record_id IN (SELECT record_id FROM kept_records)
            )
            """,
            now
        )
        try connection.execute(
            """
            INSERT INTO unneeded SELECT content_hash, size, ifnull(since, ?)
            FROM variable_pieces JOIN variable_contents ON content_hash = piece_hash
            LEFT JOIN variable_quarantine USING (content_hash)
            WHERE \(Provenance.isHeld) AND NOT EXISTS (
                SELECT 1 FROM variable_content_pieces AS part WHERE part.piece_hash = variable_pieces.piece_hash
                AND part.content_hash NOT IN (SELECT content_hash FROM unneeded)
            )
            """,
            now
        )
    }

    private func evict() throws {
        try connection.execute(
            "DELETE FROM variable_quarantine WHERE content_hash NOT IN (SELECT content_hash FROM unneeded)"
        )
        try connection.execute(
            "INSERT OR IGNORE INTO variable_quarantine SELECT content_hash, since FROM unneeded WHERE since > ?",
            due
        )
        try connection.execute(
            """
            DELETE FROM variable_content_pieces
            WHERE content_hash IN (SELECT content_hash FROM unneeded WHERE since <= ?)
            """,
            due
        )
        try connection.execute(
            """
            UPDATE variable_contents SET bytes = NULL, first_leaf = NULL
            WHERE content_hash IN (SELECT content_hash FROM unneeded WHERE since <= ?)
            """,
            due
        )
        try connection.execute(
            """
            DELETE FROM variable_quarantine
            WHERE content_hash IN (SELECT content_hash FROM unneeded WHERE since <= ?)
            """,
            due
        )
    }

    private func amount(_ source: String) throws -> VariablesCollect.Amount {
        try connection.first("SELECT count(*), total(size) FROM \(source)") {
            VariablesCollect.Amount(values: $0.int(0), bytes: Int($0.double(1)))
        } ?? .init(values: 0, bytes: 0)
    }
}
