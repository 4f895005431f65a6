import HDF5
import NIOCore
import Wire

extension Provenance {
    /// The bytes of a value, or of a piece of one, as they are stored; and the digest by which they are known.
    struct StoredPart {
        let digest: Digest
        let size: Int
        let bytes: ByteBuffer
    }

    /// Bytes that are ready to be stored.
    struct Prepared: Sendable {
        let contentHash: String
        let digest: Digest
        let size: Int
        let bytes: [UInt8]?
        let rows: [EncodedChunk]
        /// What they are the list of.
        var pieces: [String] = []
    }

    /// `variables.save`
    func save(
        _ parameters: VariablesSave
    ) async throws -> @Sendable (WriteTransaction) throws -> VariablesSave.Result {
        let value = try await prepare(parameters)
        return { try apply(parameters, value, try VariableKeys.read($0.connection), $0) }
    }

    /// `variables.save_many`
    func saveMany(
        _ parameters: VariablesSaveMany
    ) async throws -> @Sendable (WriteTransaction) throws -> VariablesSaveMany.Result {
        guard parameters.saves.count <= 10_000 else { throw WireError.invalidParams("params.saves: at most 10 000") }
        var values: [Prepared] = []
        for save in parameters.saves { values.append(try await prepare(save)) }
        return { [values] transaction in
            let keys = try VariableKeys.read(transaction.connection)
            return VariablesSaveMany.Result(
                saved: try zip(parameters.saves, values).map { try apply($0, $1, keys, transaction) }
            )
        }
    }

    private func apply(
        _ parameters: VariablesSave,
        _ value: Prepared,
        _ keys: VariableKeys,
        _ transaction: WriteTransaction
    ) throws -> VariablesSave.Result {
        let connection = transaction.connection
        let address = try keys.address(of: parameters.metadata)
        let recordID = Digest.recordID(
            variable: parameters.variable,
            schemaVersion: parameters.schemaVersion ?? 1,
            content: value.digest,
            metadata: address.metadata
        )
        let evicted = try parameters.lineage.flatMap { try Self.evicted(of: $0, parameters, address, connection) }
        let isRestored = try store(value, transaction)
        let location = try Self.location(parameters.variable, address, connection)
        let isNew = try Self.insert(recordID, parameters, value.contentHash, location, address, transaction)
        try connection.execute(
            "INSERT INTO variable_saves (location_id, record_id, at) VALUES (?, ?, ?)",
            location,
            recordID,
            transaction.time
        )
        if let lineage = parameters.lineage {
            try save(lineage, of: recordID, type: parameters.variable, transaction)
        }
        return VariablesSave.Result(
            recordID: recordID,
            contentHash: value.contentHash,
            deduplicated: !isNew,
            restored: isRestored ? true : nil,
            differsFrom: evicted == recordID ? nil : evicted
        )
    }

    private func prepare(_ parameters: VariablesSave) async throws -> Prepared {
        try Self.check(variable: parameters.variable)
        try StoredValue.check(parameters.value)
        if let lineage = parameters.lineage { try Self.check(lineage) }
        return try await prepare(parameters.value)
    }

    private func prepare(_ value: VariableValue) async throws -> Prepared {
        let bytes = try StoredValue.encode(value)
        guard case .pieces(let array) = value else {
            let digest = try Digest(content: value)
            return try await prepare(StoredPart(digest: digest, size: bytes.readableBytes, bytes: bytes))
        }
        let digest = try await catalog.read { try Pieces.digest(array, $0) }
        var prepared = try await prepare(StoredPart(digest: digest, size: bytes.readableBytes, bytes: bytes))
        prepared.pieces = array.pieces
        return prepared
    }

    func prepare(_ part: StoredPart) async throws -> Prepared {
        let hash = part.digest.hex
        var bytes = part.bytes
        guard part.size > Leaves.inlineLimit else {
            return Prepared(
                contentHash: hash,
                digest: part.digest,
                size: part.size,
                bytes: Array(bytes.readableBytesView),
                rows: []
            )
        }
        let isKnown = try await catalog.read { connection in
            try connection.first("SELECT \(Self.isHeld) FROM variable_contents WHERE content_hash = ?", hash) {
                $0.bool(0)
            } ?? false
        }
        var rows: [EncodedChunk] = []
        // What is there already needs no compression.
        if !isKnown {
            Leaves.fill(&bytes)
            rows = try await Leaves.encode(bytes, arrays)
        }
        return Prepared(contentHash: hash, digest: part.digest, size: part.size, bytes: nil, rows: rows)
    }

    /// Keeps a value that is not there; says whether it had been evicted.
    func store(_ value: Prepared, _ transaction: WriteTransaction) throws -> Bool {
        let connection = transaction.connection
        let isHeld = try connection.first(
            "SELECT \(Self.isHeld) FROM variable_contents WHERE content_hash = ?",
            value.contentHash
        ) { $0.bool(0) }
        if isHeld ?? false { return false }
        var first: Int?
        if value.bytes == nil {
            guard !value.rows.isEmpty else {
                throw WireError(.overloaded, "the same value was being evicted; nothing was stored. Send it again.")
            }
            let spec = try Leaves.spec()
            try RunStore.beginArrays(RunID.variables, try RunStore.state(RunID.variables, connection), transaction)
            try RunStore.registerDataset(
                spec.name,
                spec.layout,
                countedBy: .itself,
                runID: RunID.variables,
                connection
            )
            let start =
                try connection.first(
                    "SELECT rows FROM run_datasets WHERE run_id = ? AND name = ?",
                    RunID.variables,
                    spec.name
                ) { $0.int(0) } ?? 0
            first = start
            let rows = value.rows.enumerated().map { (start + $0, $1) }
            try connection.execute(
                "UPDATE run_datasets SET rows = ? WHERE run_id = ? AND name = ?",
                start + rows.count,
                RunID.variables,
                spec.name
            )
            transaction.arrays.append(
                [Column(spec: spec, extent: start + rows.count, payload: .chunks(rows))],
                runID: RunID.variables
            )
        }
        try connection.execute(
            "INSERT OR REPLACE INTO variable_contents (content_hash, size, bytes, first_leaf) VALUES (?, ?, ?, ?)",
            value.contentHash,
            value.size,
            value.bytes,
            first
        )
        try Pieces.record(value.pieces, of: value.contentHash, connection)
        return isHeld != nil
    }

    /// The evicted record that the same invocation made at the same address, if there is one.
    private static func evicted(
        of lineage: Lineage,
        _ parameters: VariablesSave,
        _ address: VariableKeys.Address,
        _ connection: Connection
    ) throws -> String? {
        guard let hash = lineage.lineageHash else { return nil }
        return try connection.first(
            """
            SELECT record_id FROM lineage JOIN variable_records ON record_id = output_record_id
            JOIN variable_locations USING (location_id) JOIN variable_contents USING (content_hash)
            WHERE lineage_hash = ? AND variable = ? AND metadata = ? AND deleted_at IS NULL AND NOT \(isHeld)
            """,
            hash,
            parameters.variable,
            try VariableKeys.Address.text(address.metadata)
        ) { $0.string(0) }
    }

    private static func location(
        _ variable: String,
        _ address: VariableKeys.Address,
        _ connection: Connection
    ) throws -> Int64 {
        let text = try address.text
        let known = try connection.first(
            "SELECT location_id FROM variable_locations WHERE variable = ? AND location = ?",
            variable,
            text
        ) { $0.integer(0) }
        if let known { return known }
        try connection.execute("INSERT INTO variable_locations (variable, location) VALUES (?, ?)", variable, text)
        let id = connection.lastInsertedRowID
        for (name, value) in address.location {
            try connection.execute(
                "INSERT INTO variable_location_keys (variable, name, value, location_id) VALUES (?, ?, ?, ?)",
                variable,
                name,
                String(buffer: try JSONCoding.encode(value)),
                id
            )
        }
        return id
    }

    /// Adds a record, or brings a deleted one back; says whether it was not there.
    private static func insert(
        _ recordID: String,
        _ parameters: VariablesSave,
        _ contentHash: String,
        _ location: Int64,
        _ address: VariableKeys.Address,
        _ transaction: WriteTransaction
    ) throws -> Bool {
        let isDeleted = try transaction.connection.first(
            "SELECT deleted_at IS NOT NULL FROM variable_records WHERE record_id = ?",
            recordID
        ) { $0.bool(0) }
        if let isDeleted {
            if isDeleted {
                try transaction.connection.execute(
                    "UPDATE variable_records SET deleted_at = NULL WHERE record_id = ?",
                    recordID
                )
            }
            return isDeleted
        }
        try transaction.connection.execute(
            """
            INSERT INTO variable_records
            (record_id, location_id, schema_version, content_hash, metadata, version_keys, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            recordID,
            location,
            parameters.schemaVersion ?? 1,
            contentHash,
            try VariableKeys.Address.text(address.metadata),
            try VariableKeys.Address.text(address.versionKeys),
            transaction.timestamp
        )
        return true
    }

    /// `variables.delete`
    func delete(
        _ parameters: VariablesDelete
    ) throws -> @Sendable (WriteTransaction) throws -> VariablesDelete.Result {
        try Self.check(variable: parameters.variable)
        guard (parameters.version == nil) != (parameters.metadata == nil) else {
            throw WireError.invalidParams("variables.delete takes exactly one of version and metadata")
        }
        return { transaction in
            let connection = transaction.connection
            var condition = "record_id = ?2"
            var value = parameters.version ?? ""
            if let metadata = parameters.metadata {
                condition = "location = ?2"
                value = try VariableKeys.read(connection).address(of: metadata).text
            }
            let deleted = try connection.execute(
                """
                UPDATE variable_records SET deleted_at = ?3 WHERE deleted_at IS NULL AND record_id IN
                (SELECT record_id FROM variable_records JOIN variable_locations USING (location_id)
                WHERE variable = ?1 AND \(condition))
                """,
                parameters.variable,
                value,
                transaction.timestamp
            )
            guard deleted > 0 else { throw WireError.notFound("there is no such record of \"\(parameters.variable)\"") }
            return VariablesDelete.Result(deleted: deleted)
        }
    }
}
