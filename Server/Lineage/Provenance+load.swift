import NIOCore
import Wire

extension Provenance {
    /// A record before its value is read.
    struct Found: Sendable {
        let saveID: Int64
        var record: VariableRecord
        let location: String
        let versionKeys: String
        let size: Int
        let bytes: [UInt8]?
        let firstLeaf: Int?

        /// The bytes of the value in an answer.
        func taken(inPieces: Bool) -> Int {
            if record.isEvicted ?? false { return 0 }
            return inPieces ? size : record.bytes ?? size
        }
    }

    private static let columns = """
        s.id, r.record_id, l.variable, r.schema_version, r.metadata, r.content_hash, s.at, l.location, r.version_keys,
        c.size, c.bytes, c.first_leaf,
        (SELECT lineage_hash FROM lineage WHERE output_record_id = r.record_id), \(Pieces.size)
        """

    private static let source = """
        variable_saves AS s JOIN variable_records AS r USING (record_id)
        JOIN variable_locations AS l ON l.location_id = s.location_id JOIN variable_contents AS c USING (content_hash)
        """

    private static func found(_ row: Row) throws -> Found {
        Found(
            saveID: row.integer(0),
            record: VariableRecord(
                recordID: row.string(1),
                variable: row.string(2),
                schemaVersion: row.int(3),
                metadata: try JSONCoding.decode([String: JSONValue].self, from: ByteBuffer(string: row.string(4))),
                contentHash: row.string(5),
                lineageHash: row.optionalString(12),
                savedAt: row.double(6),
                bytes: row.int(9) + row.int(13),
                isEvicted: row.isNull(10) && row.isNull(11) ? true : nil,
                value: nil
            ),
            location: row.string(7),
            versionKeys: row.string(8),
            size: row.int(9),
            bytes: row.isNull(10) ? nil : row.blob(10),
            firstLeaf: row.optionalInteger(11).map { Int($0) }
        )
    }

    /// `variables.load`
    func load(_ parameters: VariablesLoad, _ context: CallContext) async throws -> VariableRecord {
        try Self.check(variable: parameters.variable)
        let found = try await catalog.read { connection in
            try parameters.version.map { try Self.exact($0, parameters, connection) }
                ?? Self.latest(parameters, connection)
        }
        guard parameters.values ?? true else { return found.record }
        return try await complete(found, inPieces: parameters.pieces ?? false, context)
    }

    private static func exact(
        _ recordID: String,
        _ parameters: VariablesLoad,
        _ connection: Connection
    ) throws -> Found {
        let found = try connection.first(
            """
            SELECT \(columns) FROM \(source) WHERE r.record_id = ? AND l.variable = ? AND r.deleted_at IS NULL
            ORDER BY s.id DESC LIMIT 1
            """,
            recordID,
            parameters.variable,
            read: found
        )
        guard let found else {
            throw WireError.notFound("\"\(parameters.variable)\" has no record \"\(recordID.prefix(64))\"")
        }
        return found
    }

    private static func latest(_ parameters: VariablesLoad, _ connection: Connection) throws -> Found {
        let address = try VariableKeys.read(connection).address(of: parameters.metadata ?? [:])
        var matches: [Found] = []
        for location in try locations(parameters.variable, address, after: 0, limit: 101, connection) {
            if let found = try newest(at: location, address, asOf: parameters.asOf, connection) {
                matches.append(found)
            }
        }
        guard let first = matches.first else {
            throw try isMissing(parameters, connection)
        }
        guard matches.count == 1 else {
            throw WireError(
                "ambiguous_version",
                "\(matches.count > 100 ? "more than 100" : "\(matches.count)") locations of \"\(parameters.variable)\" fit; add keys, or use variables.load_all",
                details: [
                    "candidates": .array(
                        matches.prefix(100).map { found in
                            .object([
                                "record_id": .string(found.record.recordID), "metadata": .object(found.record.metadata),
                            ])
                        }
                    )
                ]
            )
        }
        return first
    }

    /// Nothing was ever saved as the variable, or nothing of it with the metadata.
    private static func isMissing(_ parameters: VariablesLoad, _ connection: Connection) throws -> WireError {
        let name = parameters.variable
        let exists = try connection.first("SELECT 1 FROM variable_locations WHERE variable = ? LIMIT 1", name) { _ in
            true
        }
        guard exists ?? false else { return .notFound("there is no variable \"\(name)\"") }
        let metadata = String(buffer: try JSONCoding.encode(parameters.metadata ?? [:]))
        let time = parameters.asOf == nil ? "" : " at that time"
        return .notFound(
            "\"\(name)\" has no record with \(metadata.prefix(500))\(time); numbers and texts are told apart"
        )
    }

    /// The locations whose keys have the values that are asked for, by id.
    static func locations(
        _ variable: String,
        _ address: VariableKeys.Address,
        after: Int64,
        limit: Int,
        isExact: Bool = false,
        _ connection: Connection
    ) throws -> [Int64] {
        let exact = try connection.first(
            "SELECT location_id FROM variable_locations WHERE variable = ? AND location = ? AND location_id > ?",
            variable,
            try address.text,
            after
        ) { $0.integer(0) }
        var conditions = ["l.variable = ?", "l.location_id > ?"]
        var arguments: [any SQLConvertible] = [variable, after]
        for (name, value) in address.location.sorted(by: { $0.key < $1.key }) {
            conditions.append(
                """
                l.location_id IN
                (SELECT location_id FROM variable_location_keys WHERE variable = ? AND name = ? AND value = ?)
                """
            )
            arguments += [variable, name, String(buffer: try JSONCoding.encode(value))] as [any SQLConvertible]
        }
        // A location that is named in full is meant, even if others have more keys.
        if let exact, isExact || !address.location.isEmpty { return [exact] }
        if isExact { return [] }
        return try connection.rows(
            """
            SELECT location_id FROM variable_locations AS l WHERE \(conditions.joined(separator: " AND "))
            ORDER BY location_id LIMIT ?
            """,
            arguments + [limit]
        ) { $0.integer(0) }
    }

    /// The latest record at a location that has the version keys that are asked for.
    static func newest(
        at location: Int64,
        _ address: VariableKeys.Address,
        asOf: Double?,
        _ connection: Connection
    ) throws -> Found? {
        let tests = address.versionKeys.keys.map { _ in
            "EXISTS (SELECT 1 FROM json_each(r.version_keys) WHERE key = ? AND json_quote(value) = ?)"
        }
        var arguments: [any SQLConvertible] = [location, asOf ?? .infinity]
        for (name, value) in address.versionKeys {
            arguments += [name, String(buffer: try JSONCoding.encode(value))] as [any SQLConvertible]
        }
        return try connection.rows(
            """
            SELECT \(columns) FROM \(source) WHERE s.location_id = ? AND s.at <= ? AND r.deleted_at IS NULL
            \(tests.map { "AND \($0)" }.joined(separator: " ")) ORDER BY s.id DESC LIMIT 1
            """,
            arguments,
            found
        ).first
    }

    private struct Key: Codable {
        let id: Int64
    }

    /// `variables.load_all`
    func loadAll(_ parameters: VariablesLoadAll, _ context: CallContext) async throws -> VariablesLoadAll.Result {
        try Self.check(variable: parameters.variable)
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let after = try Page.key(Key.self, of: parameters.cursor)?.id ?? 0
        let inPieces = parameters.pieces ?? false
        let (found, last) = try await catalog.read { connection -> ([Found], Int64?) in
            let address = try VariableKeys.read(connection).address(of: parameters.metadata ?? [:])
            let locations = try Self.locations(
                parameters.variable,
                address,
                after: after,
                limit: limit + 1,
                connection
            )
            var found: [Found] = []
            var left = parameters.values ?? true ? context.limits.attachments : .max
            for (place, location) in locations.prefix(limit).enumerated() {
                guard let next = try Self.newest(at: location, address, asOf: parameters.asOf, connection) else {
                    continue
                }
                left -= next.taken(inPieces: inPieces)
                // What alone is too large is refused below.
                if left < 0, !found.isEmpty { return (found, locations[place - 1]) }
                found.append(next)
            }
            return (found, locations.count > limit ? locations[limit - 1] : nil)
        }
        var records: [VariableRecord] = []
        for found in found {
            let hasValue = (parameters.values ?? true) && !(found.record.isEvicted ?? false)
            records.append(
                hasValue
                    ? try await complete(found, inPieces: inPieces, context)
                    : found.record
            )
        }
        return VariablesLoadAll.Result(records: records, cursor: try last.map { try Page.cursor(Key(id: $0)) })
    }

    /// `variables.versions`
    func versions(_ parameters: VariablesVersions) async throws -> VariablesVersions.Result {
        try Self.check(variable: parameters.variable)
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let before = try Page.key(Key.self, of: parameters.cursor)?.id ?? .max
        let found = try await catalog.read { connection in
            let address = try VariableKeys.read(connection).address(of: parameters.metadata ?? [:])
            var conditions = ["l.variable = ?", "s.id < ?", "r.deleted_at IS NULL"]
            var arguments: [any SQLConvertible] = [parameters.variable, before]
            for (name, value) in address.location.merging(address.versionKeys, uniquingKeysWith: { $1 }) {
                conditions.append(
                    "EXISTS (SELECT 1 FROM json_each(r.metadata) WHERE key = ? AND json_quote(value) = ?)"
                )
                arguments += [name, String(buffer: try JSONCoding.encode(value))] as [any SQLConvertible]
            }
            return try connection.rows(
                """
                SELECT \(Self.columns) FROM \(Self.source) WHERE \(conditions.joined(separator: " AND "))
                ORDER BY s.id DESC LIMIT ?
                """,
                arguments + [limit + 1],
                Self.found
            )
        }
        let last = found.count > limit ? found[limit - 1].saveID : nil
        return VariablesVersions.Result(
            versions: found.prefix(limit).map(\.record),
            cursor: try last.map { try Page.cursor(Key(id: $0)) }
        )
    }

    private func complete(_ found: Found, inPieces: Bool, _ context: CallContext) async throws -> VariableRecord {
        var record = found.record
        if record.isEvicted ?? false { throw try await evicted(record) }
        let taken = found.taken(inPieces: inPieces)
        guard taken <= context.limits.attachments else {
            throw Self.tooLarge(
                "the value of \(record.recordID) takes \(taken) bytes; load it with \"pieces\": true, and each of its pieces by variables.download",
                context
            )
        }
        do {
            record.value = try await value(found, inPieces: inPieces)
        } catch {
            // It may have been evicted since the row was read.
            let isHeld = try await catalog.read { connection in
                try connection.first(
                    "SELECT \(Self.isHeld) FROM variable_contents WHERE content_hash = ?",
                    found.record.contentHash
                ) { $0.bool(0) } ?? false
            }
            throw isHeld ? error : try await evicted(record)
        }
        return record
    }

    private func value(_ found: Found, inPieces: Bool) async throws -> VariableValue {
        let bytes =
            if let bytes = found.bytes { ByteBuffer(bytes: bytes) } else {
                try await Leaves.read(first: found.firstLeaf ?? 0, bytes: found.size, arrays)
            }
        let value = try StoredValue.decode(bytes)
        guard case .pieces(let array) = value, !inPieces else { return value }
        return .array(try await whole(array))
    }

    /// That a value is gone, and what makes it again.
    private func evicted(_ record: VariableRecord) async throws -> WireError {
        let made = try await catalog.read { try LineageRows.newest(of: record.recordID, $0) }
        var details: [String: JSONValue] = ["record_id": .string(record.recordID)]
        details["function_name"] = (made?.lineage.functionName).map { .string($0) }
        details["lineage_hash"] = (made?.lineage.lineageHash).map { .string($0) }
        let how =
            if let made {
                "run \(made.lineage.functionName) with the same inputs (lineage.get tells them) and save what it gives"
            } else { "save the same value again" }
        return WireError(
            "evicted",
            "the value of \(record.variable) \(record.recordID) was evicted; to have it back, \(how) with the same metadata",
            details: details
        )
    }
}
