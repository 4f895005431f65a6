import Wire

/// The methods `server.*`, and `hello` for those who ask again.
struct ServerMethods: Sendable {
    let catalog: Catalog
    let directory: DataDirectory
    let started: Double
    /// What the server uses, now.
    var resources: @Sendable () -> [ServerStats.Result.Resource] = { [] }

    func register(in table: inout MethodTable) {
        table.on(ServerPing.self) { _, context in
            ServerPing.Result(time: Timestamp.now(), roles: Role.allCases.filter(context.access.allows))
        }
        table.on(ServerStats.self) { _, _ in try await stats() }
        table.on(ServerVacuum.self) { parameters, _ in try vacuum(parameters) }
        Backup(catalog: catalog, directory: directory).register(in: &table)
    }

    private func vacuum(_ parameters: ServerVacuum) throws -> @Sendable (WriteTransaction) throws -> ServerVacuum.Result
    {
        let pages = parameters.pages ?? 1000
        guard (1...100_000).contains(pages) else {
            throw WireError.invalidParams("params.pages is \(pages); it is 1 to 100 000")
        }
        return { transaction in
            let connection = transaction.connection
            func free() throws -> Int { try connection.first("PRAGMA freelist_count") { $0.int(0) } ?? 0 }
            let before = try free()
            _ = try connection.rows("PRAGMA incremental_vacuum(\(pages))") { _ in }
            let left = try free()
            let size = try connection.first("PRAGMA page_size") { $0.int(0) } ?? 0
            return ServerVacuum.Result(freed: before - left, left: left, pageSize: size)
        }
    }

    func stats() async throws -> ServerStats.Result {
        let counts = try await catalog.read { connection in
            try connection.first(
                """
                SELECT (SELECT count(*) FROM runs WHERE deleted_at IS NULL AND \(RunStore.isUsers)),
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
            diskFreeBytes: directory.freeBytes,
            resources: resources()
        )
    }
}
