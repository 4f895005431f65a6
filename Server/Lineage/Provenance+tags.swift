import NIOCore
import Wire

extension Provenance {
    private static func check(tag: String) throws {
        guard (1...256).contains(tag.utf8.count), !tag.utf8.contains(0) else {
            throw WireError.invalidParams("params.tag has 1 to 256 bytes, none of them 0")
        }
    }

    private static func check(_ recordIDs: [String]) throws {
        guard (1...10_000).contains(recordIDs.count) else {
            throw WireError.invalidParams("params.record_ids: 1 to 10 000")
        }
    }

    /// `variables.tag`
    func tag(_ parameters: VariablesTag) throws -> @Sendable (WriteTransaction) throws -> VariablesTag.Result {
        try Self.check(tag: parameters.tag)
        try Self.check(parameters.recordIDs)
        return { transaction in
            let connection = transaction.connection
            var tagged = 0
            for id in parameters.recordIDs {
                let isThere = try connection.first(
                    "SELECT 1 FROM variable_records WHERE record_id = ? AND deleted_at IS NULL",
                    id
                ) { _ in true }
                guard isThere ?? false else { throw WireError.notFound("there is no record \"\(id.prefix(64))\"") }
                tagged += try connection.execute(
                    "INSERT OR IGNORE INTO variable_tags (tag, record_id, tagged_at) VALUES (?, ?, ?)",
                    parameters.tag,
                    id,
                    transaction.timestamp
                )
            }
            return VariablesTag.Result(tagged: tagged)
        }
    }

    /// `variables.untag`
    func untag(_ parameters: VariablesUntag) throws -> @Sendable (WriteTransaction) throws -> VariablesUntag.Result {
        try Self.check(tag: parameters.tag)
        if let ids = parameters.recordIDs { try Self.check(ids) }
        return { transaction in
            let connection = transaction.connection
            guard let ids = parameters.recordIDs else {
                let untagged = try connection.execute("DELETE FROM variable_tags WHERE tag = ?", parameters.tag)
                return VariablesUntag.Result(untagged: untagged)
            }
            var untagged = 0
            for id in ids {
                untagged += try connection.execute(
                    "DELETE FROM variable_tags WHERE tag = ? AND record_id = ?",
                    parameters.tag,
                    id
                )
            }
            return VariablesUntag.Result(untagged: untagged)
        }
    }

    private struct TagKey: Codable {
        let tag: String
        let recordID: String
    }

    /// `variables.tags`
    func tags(_ parameters: VariablesTags) async throws -> VariablesTags.Result {
        let limit = try Page.limit(parameters.limit, default: 1000, maximum: 10_000)
        let after = try Page.key(TagKey.self, of: parameters.cursor) ?? TagKey(tag: "", recordID: "")
        return try await catalog.read { connection in
            let tags = try connection.rows(
                """
                SELECT tag, record_id, variable, metadata, tagged_at FROM variable_tags
                JOIN variable_records USING (record_id) JOIN variable_locations USING (location_id)
                WHERE (tag, record_id) > (?1, ?2) AND (?3 IS NULL OR tag = ?3) AND deleted_at IS NULL
                ORDER BY tag, record_id LIMIT ?4
                """,
                [after.tag, after.recordID, parameters.tag, limit + 1]
            ) { row in
                VariablesTags.Tagged(
                    tag: row.string(0),
                    recordID: row.string(1),
                    variable: row.string(2),
                    metadata: try JSONCoding.decode(from: ByteBuffer(string: row.string(3))),
                    taggedAt: Timestamp.seconds(row.string(4)) ?? 0
                )
            }
            let last = tags.count > limit ? tags[limit - 1] : nil
            return VariablesTags.Result(
                tags: Array(tags.prefix(limit)),
                cursor: try last.map { try Page.cursor(TagKey(tag: $0.tag, recordID: $0.recordID)) }
            )
        }
    }
}
