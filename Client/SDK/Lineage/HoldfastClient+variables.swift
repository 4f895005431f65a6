public import Wire

extension HoldfastClient {
    /// Declares the schema keys, once for the database, or tells them: the keys of which a location consists.
    @discardableResult
    public func variableSchema(_ keys: [VariablesSchema.Key]? = nil) async throws -> [VariablesSchema.Key] {
        try await call(VariablesSchema(keys: keys)).keys
    }

    // MARK: Saving

    /// Saves a value; the same content at the same place is the same record, stored once, and becomes the latest.
    @discardableResult
    public func save<Value: Variable>(_ value: Value, at metadata: Metadata = [:]) async throws -> Record<Value> {
        try await save(value, try value.encode(), at: metadata, lineage: nil)
    }

    /// Saves what a thunk made, and what it was made of.
    ///
    /// - Parameter ephemeral: Allows an output that was made of something that was never saved, and records how that was made in
    ///   place of a record.
    /// - Throws: ``HoldfastError`` with `unsaved_input`, naming the variable and the way to it; as ``call(_:)``.
    @discardableResult
    public func save<Value: Variable>(
        _ output: Computed<Value>,
        at metadata: Metadata = [:],
        ephemeral: Bool = false
    ) async throws -> Record<Value> {
        let origin = output.origin
        let lineage = try origin.lineage(ephemeral: ephemeral, path: Value.variableName)
        let encoded = try output.encoded ?? output.value.encode()
        let record = try await save(output.value, encoded, at: metadata, lineage: lineage)
        origin.wasSaved(record.recordID, as: Value.variableName)
        return record
    }

    private func save<Value: Variable>(
        _ value: Value,
        _ encoded: VariableValue,
        at metadata: Metadata,
        lineage: Lineage?
    ) async throws -> Record<Value> {
        let saved = try await call(
            VariablesSave(
                variable: Value.variableName,
                schemaVersion: Value.schemaVersion,
                metadata: metadata,
                value: try await uploaded(encoded),
                lineage: lineage
            )
        )
        return Record(
            value: value,
            recordID: saved.recordID,
            metadata: metadata,
            contentHash: saved.contentHash,
            lineageHash: lineage?.lineageHash
        )
    }

    /// Saves values of several variables at one place, one after the other.
    @discardableResult
    public func saveGroup<each Value: Variable>(
        _ values: repeat each Value,
        at metadata: Metadata = [:]
    ) async throws -> (repeat Record<each Value>) {
        (repeat try await save(each values, at: metadata))
    }

    // MARK: Loading

    /// The latest value at a location, which any of its keys may name.
    ///
    /// - Parameter time: As it was then, in UNIX seconds.
    /// - Throws: ``WireError`` with `not_found`, or `ambiguous_version` and its `candidates` where several locations fit;
    ///   ``HoldfastError`` with `schema_version` for a record of another version of the type.
    public func load<Value: Variable>(
        _ type: Value.Type,
        at metadata: Metadata = [:],
        asOf time: Double? = nil
    ) async throws -> Record<Value> {
        try Record(try await load(VariablesLoad(variable: Value.variableName, metadata: metadata, asOf: time)))
    }

    /// The record of this id.
    public func load<Value: Variable>(_ type: Value.Type, version recordID: String) async throws -> Record<Value> {
        try Record(try await load(VariablesLoad(variable: Value.variableName, version: recordID)))
    }

    /// The latest values of several variables at one location.
    public func loadGroup<each Value: Variable>(
        _ types: repeat (each Value).Type,
        at metadata: Metadata = [:]
    ) async throws -> (repeat Record<each Value>) {
        (repeat try await load(each types, at: metadata))
    }

    /// The latest value at every location that fits, page by page as they are asked for.
    public func loadAll<Value: Variable>(
        _ type: Value.Type,
        at metadata: Metadata = [:],
        asOf time: Double? = nil
    ) -> Paged<Record<Value>> {
        Paged { [self] cursor in
            let page = try await call(
                VariablesLoadAll(
                    variable: Value.variableName,
                    metadata: metadata,
                    asOf: time,
                    pieces: true,
                    cursor: cursor
                )
            )
            var records: [Record<Value>] = []
            for record in page.records { records.append(try Record(try await downloaded(record))) }
            return (records, page.cursor)
        }
    }

    /// The latest records at every location that fits, without their values.
    func latest(of variable: String, at metadata: Metadata) async throws -> [VariableRecord] {
        var records: [VariableRecord] = []
        var cursor: String?
        repeat {
            let page = try await call(
                VariablesLoadAll(variable: variable, metadata: metadata, values: false, limit: 1000, cursor: cursor)
            )
            records += page.records
            cursor = page.cursor
        } while cursor != nil
        return records
    }

    /// The latest values at all locations that fit, as one table: a column for each key of the metadata, and the values.
    ///
    /// A table's columns keep their names and its rows follow each other, each with the metadata of its table; of any other
    /// value there is one row, in the column `value`.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` where a table has a column with the name of a key.
    public func loadTable<Value: Variable>(
        _ type: Value.Type,
        at metadata: Metadata = [:],
        asOf time: Double? = nil
    ) async throws -> Table {
        var rows = StackedRows()
        for try await record in loadAll(type, at: metadata, asOf: time) {
            try rows.add(try record.value.encode(), record.metadata)
        }
        return try rows.table()
    }

    // MARK: What is there

    /// What was saved at the locations that fit, the newest first, without the values; what was saved again comes again.
    public func versions<Value: Variable>(of type: Value.Type, at metadata: Metadata = [:]) -> Paged<VariableRecord> {
        Paged { [self] cursor in
            let page = try await call(
                VariablesVersions(variable: Value.variableName, metadata: metadata, limit: 1000, cursor: cursor)
            )
            return (page.versions, page.cursor)
        }
    }

    /// The variables that there are.
    public func variables() async throws -> [VariablesList.Variable] { try await call(VariablesList()).variables }

    /// Deletes a record; what is known of how it was made stays.
    public func delete<Value: Variable>(_ type: Value.Type, version recordID: String) async throws {
        _ = try await call(VariablesDelete(variable: Value.variableName, version: recordID))
    }

    /// Deletes all records at a location, which is named in full.
    ///
    /// - Returns: How many these were.
    @discardableResult
    public func delete<Value: Variable>(_ type: Value.Type, at metadata: Metadata) async throws -> Int {
        try await call(VariablesDelete(variable: Value.variableName, metadata: metadata)).deleted
    }
}
