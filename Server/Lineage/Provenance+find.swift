import Wire

extension Provenance {
    private static let mostLocations = 10_000

    /// `lineage.find_many`
    func findMany(_ parameters: LineageFindMany) async throws -> LineageFindMany.Result {
        guard parameters.lineageHashes.count <= Self.mostLocations else {
            throw WireError.invalidParams("params.lineage_hashes: at most 10 000")
        }
        return try await catalog.read { connection in
            var found: [LineageFindMany.Found] = []
            for (index, hash) in parameters.lineageHashes.enumerated() {
                found += try Self.outputs(of: hash, connection).map { .init(index: index, record: $0) }
            }
            return LineageFindMany.Result(found: found)
        }
    }

    /// What is told of a record at a location.
    private struct Latest {
        let recordID: String
        let contentHash: String
        let lineageHash: String?
        let schemaVersion: Int
        let isExact: Bool
        let isEvicted: Bool
    }

    /// `variables.find`
    func find(_ parameters: VariablesFind) async throws -> VariablesFind.Result {
        try Self.check(variable: parameters.variable)
        let table = try LocationTable(parameters.locations)
        guard table.count <= Self.mostLocations else {
            throw WireError.invalidParams("params.locations: at most 10 000")
        }
        let mayHaveMore = !(parameters.exact ?? false)
        let found = try await catalog.read { connection in
            let keys = try VariableKeys.read(connection)
            let isPlain = keys.keys.isEmpty || Set(table.names).isSubset(of: keys.keys.map(\.name))
            return try (0..<table.count).map { row -> [Latest] in
                // The text is that of the location only where no version key is among the columns.
                if isPlain, let latest = try Self.latest(parameters.variable, try table.text(row), connection) {
                    return [latest]
                }
                guard mayHaveMore || !isPlain else { return [] }
                let address = try keys.address(of: table.values(row))
                return try Self.candidates(parameters.variable, address, isExact: !mayHaveMore, connection)
            }
        }
        return try Self.columns(found)
    }

    private static func latest(_ variable: String, _ location: String, _ connection: Connection) throws -> Latest? {
        try connection.first(
            """
            SELECT r.record_id, r.content_hash, (SELECT lineage_hash FROM lineage WHERE output_record_id = r.record_id),
            r.schema_version, r.version_keys = '{}', NOT \(isHeld)
            FROM variable_locations AS l JOIN variable_saves AS s USING (location_id)
            JOIN variable_records AS r USING (record_id) JOIN variable_contents AS c USING (content_hash)
            WHERE l.variable = ? AND l.location = ? AND r.deleted_at IS NULL ORDER BY s.id DESC LIMIT 1
            """,
            variable,
            location
        ) { row in
            Latest(
                recordID: row.string(0),
                contentHash: row.string(1),
                lineageHash: row.optionalString(2),
                schemaVersion: row.int(3),
                isExact: row.bool(4),
                isEvicted: row.bool(5)
            )
        }
    }

    /// What fits a location with version keys, or one that does not name all keys; 101 at most.
    private static func candidates(
        _ variable: String,
        _ address: VariableKeys.Address,
        isExact: Bool,
        _ connection: Connection
    ) throws -> [Latest] {
        var found: [Latest] = []
        for id in try locations(variable, address, after: 0, limit: 101, isExact: isExact, connection) {
            guard let record = try newest(at: id, address, asOf: nil, connection)?.record else { continue }
            found.append(
                Latest(
                    recordID: record.recordID,
                    contentHash: record.contentHash,
                    lineageHash: record.lineageHash,
                    schemaVersion: record.schemaVersion,
                    isExact: record.metadata == address.location.merging(address.versionKeys) { $1 },
                    isEvicted: record.isEvicted ?? false
                )
            )
        }
        return found
    }

    private static func columns(_ found: [[Latest]]) throws -> VariablesFind.Result {
        let single = found.map { $0.count == 1 ? $0[0] : nil }
        return VariablesFind.Result(
            matches: try ArrayValue(found.map { UInt8($0.count) }),
            recordID: try StringColumn(single.map { $0?.recordID }),
            contentHash: try StringColumn(single.map { $0?.contentHash }),
            lineageHash: try StringColumn(single.map { $0?.lineageHash }),
            schemaVersion: try ArrayValue(single.map { Int64($0?.schemaVersion ?? 0) }),
            isExact: try ArrayValue(single.map { $0?.isExact ?? false }),
            isEvicted: try ArrayValue(single.map { $0?.isEvicted ?? false })
        )
    }
}
