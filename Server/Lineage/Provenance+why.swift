import NIOCore
import Wire

extension Provenance {
    /// `lineage.why`
    func why(_ parameters: LineageWhy) async throws -> LineageWhy.Result {
        try await catalog.read { connection in
            _ = try known(parameters.recordID, connection)
            guard let made = try LineageRows.newest(of: parameters.recordID, connection) else {
                throw WireError.notFound("it is not known what made the record \"\(parameters.recordID.prefix(64))\"")
            }
            let own = try Self.whole(made.lineage, connection)
            let outdated = try Self.outdated(own.inputs, connection)
            if let now = parameters.lineage {
                let changes = LineageComparison(before: own, after: now).changes
                return LineageWhy.Result(previousRecordID: nil, changes: changes, outdated: outdated)
            }
            guard let previous = try Self.previous(to: made, connection) else {
                return LineageWhy.Result(previousRecordID: nil, changes: [], outdated: outdated)
            }
            let before = try Self.whole(previous.lineage, connection)
            return LineageWhy.Result(
                previousRecordID: previous.outputRecordID,
                changes: LineageComparison(before: before, after: own).changes,
                outdated: outdated
            )
        }
    }

    /// With the function's parts.
    private static func whole(_ lineage: Lineage, _ connection: Connection) throws -> Lineage {
        var lineage = lineage
        lineage.functionParts = try LineageRows.parts(of: lineage.functionHash, connection)
        return lineage
    }

    /// The invocation before, at the same location: of the same version keys if there is one, else of any.
    private static func previous(to made: LineageRows.Made, _ connection: Connection) throws -> LineageRows.Made? {
        let own = try connection.first(
            "SELECT location_id, metadata FROM variable_records WHERE record_id = ?",
            made.outputRecordID
        ) { (location: $0.integer(0), metadata: $0.string(1)) }
        guard let own, let createdAt = made.createdAt else { return nil }
        // From the location on, so that the indices of the records are used.
        let found = ["lineage", "lineage_earlier"].map { table in
            """
            SELECT \(LineageRows.columns), metadata = ?3 AS is_same, output_record_id = ?1 AS is_own, made.rowid AS place
            FROM (SELECT record_id AS output_record_id, metadata FROM variable_records WHERE location_id = ?2)
            JOIN \(table) AS made USING (output_record_id) WHERE created_at <= ?4 AND output_num = ?5
            """
        }
        return try connection.first(
            """
            \(found[0]) AND output_record_id <> ?1 UNION ALL \(found[1])
            ORDER BY is_same DESC, created_at DESC, is_own, place DESC LIMIT 1
            """,
            made.outputRecordID,
            own.location,
            own.metadata,
            Timestamp.text(createdAt),
            made.lineage.outputNum ?? 0,
            read: LineageRows.read
        )
    }

    /// The inputs that are no longer the latest with their metadata.
    private static func outdated(_ inputs: [Lineage.Input], _ connection: Connection) throws -> [LineageWhy.Outdated] {
        try inputs.compactMap { input in
            let record = try connection.first(
                "SELECT location_id, version_keys FROM variable_records WHERE record_id = ?",
                input.recordID
            ) { (location: $0.integer(0), versionKeys: $0.string(1)) }
            guard let record else { return nil }
            let latest = try connection.first(
                """
                SELECT record_id FROM variable_saves AS s JOIN variable_records AS r USING (record_id)
                WHERE s.location_id = ? AND version_keys = ? AND deleted_at IS NULL ORDER BY s.id DESC LIMIT 1
                """,
                record.location,
                record.versionKeys
            ) { $0.string(0) }
            if latest == input.recordID { return nil }
            return LineageWhy.Outdated(name: input.name, recordID: input.recordID, latestRecordID: latest)
        }
    }
}
