import Wire

/// The methods `server.*`, and `hello` for those who ask again.
struct ServerMethods: Sendable {
    let catalog: Catalog
    let directory: DataDirectory
    let started: Double

    func register(in table: inout MethodTable) {
        table.on(ServerPing.self) { _, _ in ServerPing.Result(time: Timestamp.now()) }
        table.on(ServerStats.self) { _, _ in try await stats() }
    }

    private func stats() async throws -> ServerStats.Result {
        let counts = try await catalog.read { connection in
            try connection.first(
                """
                SELECT (SELECT count(*) FROM runs WHERE deleted_at IS NULL AND run_id != 'images'),
                (SELECT coalesce(sum(next_row), 0) FROM runs WHERE deleted_at IS NULL),
                (SELECT coalesce(sum(next_episode), 0) FROM runs WHERE deleted_at IS NULL),
                (SELECT count FROM label_counters WHERE name = 'total'),
                (SELECT coalesce(sum(points), 0) FROM metric_series) + (SELECT count(*) FROM generation_metrics),
                (SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())
                """
            ) { [$0.int(0), $0.int(1), $0.int(2), $0.int(3), $0.int(4), $0.int(5)] }
        }
        let values = counts ?? [Int](repeating: 0, count: 6)
        return ServerStats.Result(
            version: "holdfast/\(holdfastVersion)",
            uptime: Timestamp.now() - started,
            runs: values[0],
            steps: values[1],
            episodes: values[2],
            images: values[3],
            metrics: values[4],
            queueDepth: catalog.writer.depth,
            databaseBytes: values[5],
            diskFreeBytes: directory.freeBytes
        )
    }
}
