extension RunStore {
    /// The runs of which rows are committed, and whose files are not there; in the order of their names.
    static func withoutFile(_ connection: Connection, exists: (String) -> Bool) throws -> [String] {
        let runs = try connection.rows("SELECT run_id FROM runs WHERE deleted_at IS NULL ORDER BY run_id") {
            $0.string(0)
        }
        return try runs.filter { run in
            try !exists(run) && committedRows(run, connection).values.contains { $0 > 0 }
        }
    }
}
