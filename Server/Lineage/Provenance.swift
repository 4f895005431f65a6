import NIOCore
import Wire

/// What the server can do with versioned variables and with what they were computed from.
struct Provenance: Sendable {
    let catalog: Catalog
    let arrays: ArrayStore
    /// By their scheme.
    let sources: [String: LineageSource]
    let waiters = InvocationWaiters()

    init(catalog: Catalog, arrays: ArrayStore, sources: [LineageSource]) {
        self.catalog = catalog
        self.arrays = arrays
        self.sources = Dictionary(uniqueKeysWithValues: sources.map { ($0.scheme, $0) })
    }

    func register(in table: inout MethodTable) {
        table.on(VariablesSchema.self) { parameters, _ in schema(parameters) }
        table.on(VariablesSave.self) { parameters, _ in try await save(parameters) }
        table.on(VariablesSaveMany.self) { parameters, _ in try await saveMany(parameters) }
        table.on(VariablesDelete.self) { parameters, _ in try delete(parameters) }
        table.on(VariablesLoad.self) { parameters, context in try await load(parameters, context) }
        table.on(VariablesLoadAll.self) { parameters, context in try await loadAll(parameters, context) }
        table.on(VariablesUpload.self) { parameters, _ in try await upload(parameters) }
        table.on(VariablesDownload.self) { parameters, context in try await download(parameters, context) }
        table.on(VariablesFind.self) { parameters, _ in try await find(parameters) }
        table.on(VariablesVersions.self) { parameters, _ in try await versions(parameters) }
        table.on(VariablesList.self) { _, _ in try await list() }
        table.on(LineageSave.self) { parameters, _ in try saveLineage(parameters) }
        table.on(LineageFind.self) { parameters, _ in try await find(parameters) }
        table.on(LineageFindMany.self) { parameters, _ in try await findMany(parameters) }
        table.on(LineageGet.self) { parameters, _ in try await get(parameters) }
        table.on(LineageClaim.self) { parameters, context in try await claim(parameters, context) }
        table.on(LineageRenew.self) { parameters, _ in try renew(parameters) }
        table.on(LineageRelease.self) { parameters, _ in release(parameters) }
        table.on(LineageWhy.self) { parameters, _ in try await why(parameters) }
        table.on(LineageUpstream.self) { parameters, _ in
            try await graph(parameters.recordID, .upstream, parameters.depth, fanOut: parameters.fanOut)
        }
        table.on(LineageDownstream.self) { parameters, _ in
            try await graph(parameters.recordID, .downstream, parameters.depth)
        }
        table.on(LineageExport.self) { parameters, _ in try await export(parameters) }
        table.on(VariablesTag.self) { parameters, _ in try tag(parameters) }
        table.on(VariablesUntag.self) { parameters, _ in try untag(parameters) }
        table.on(VariablesTags.self) { parameters, _ in try await tags(parameters) }
        table.on(VariablesCollect.self) { parameters, _ in try collect(parameters) }
        table.on(VariablesCompact.self) { _, _ in try await compact() }
    }

    /// Of a row of `variable_contents`: whether the value was not evicted.
    static let isHeld = "(bytes IS NOT NULL OR first_leaf IS NOT NULL)"

    /// How a run's deletion concerns this domain: what was computed in it keeps it.
    static let dependent = RunDependent(
        use: { runID, connection in
            let isNamed = try connection.first(
                "SELECT 1 FROM lineage WHERE run_id = ?1 UNION ALL SELECT 1 FROM lineage_earlier WHERE run_id = ?1 LIMIT 1",
                runID
            ) { _ in true }
            return isNamed ?? false ? "lineage" : nil
        },
        references: { runID, connection in
            guard runID == RunID.variables else { return [] }
            return try connection.rows(
                "SELECT first_leaf, size FROM variable_contents WHERE first_leaf IS NOT NULL"
            ) { row in
                (row.int(0)..<row.int(0) + Leaves.count(of: row.int(1))).map {
                    FrameRef(runID: RunID.variables, dataset: Leaves.dataset, index: $0).description
                }
            }.flatMap(\.self)
        },
        // A value that is damaged is an error when it is loaded, not a value less.
        clear: { _, _, _ in 0 },
        delete: { _, _ in }
    )

    /// `variables.schema`
    private func schema(
        _ parameters: VariablesSchema
    ) -> @Sendable (WriteTransaction) throws -> VariablesSchema.Result {
        { transaction in
            if let keys = parameters.keys { try VariableKeys.declare(keys, transaction.connection) }
            return VariablesSchema.Result(keys: try VariableKeys.read(transaction.connection).keys)
        }
    }

    /// Throws unless a name can be a variable's.
    static func check(variable name: String) throws {
        guard (1...256).contains(name.utf8.count), !name.utf8.contains(0) else {
            throw WireError.invalidParams("variable has 1 to 256 bytes, none of them 0")
        }
    }

    /// `variables.list`
    private func list() async throws -> VariablesList.Result {
        try await catalog.read { connection in
            VariablesList.Result(
                variables: try connection.rows(
                    """
                    SELECT variable, count(DISTINCT location_id), count(*),
                    max((SELECT max(at) FROM variable_saves WHERE record_id = r.record_id))
                    FROM variable_records AS r JOIN variable_locations USING (location_id) WHERE deleted_at IS NULL
                    GROUP BY variable ORDER BY variable
                    """
                ) { row in
                    VariablesList.Variable(
                        variable: row.string(0),
                        locations: row.int(1),
                        records: row.int(2),
                        lastSavedAt: row.optionalDouble(3)
                    )
                }
            )
        }
    }
}
