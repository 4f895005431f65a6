public import Wire

/// What a batch gives a parameter of the type `Value`: the same constant, or at each location the latest value there.
public struct BatchInput<Value: Sendable>: Sendable {
    enum Kind: Sendable {
        case constant(ArgumentForm, Value)
        case stored(Stored)
    }

    /// A variable, or columns of it.
    struct Stored: Sendable {
        let variable: String
        let schemaVersion: Int
        let columns: [String]?
        /// What is asked for besides the location, or in its place.
        let fixed: Metadata
        let decode: @Sendable (VariableValue) throws -> Value

        func form(of record: VariableRecord) -> ArgumentForm {
            let whole = ArgumentForm.content(record.contentHash, .record(record.recordID, variable: variable))
            return columns.map { .columns($0, of: whole) } ?? whole
        }
    }

    let kind: Kind

    /// The same for all locations.
    public static func constant<Constant: ThunkArgument>(_ constant: Constant) throws -> BatchInput
    where Constant.Value == Value {
        BatchInput(kind: .constant(try constant.argumentForm, constant.argumentValue))
    }

    /// The latest value of a variable at the location.
    ///
    /// - Parameter fixed: Metadata besides the location's, or in its place:
    ///   `BatchInput.variable(Calibration.self, fixed: ["session": "baseline"])` is the same for every session. (The compiler wants
    ///   the type's name where metadata are written out.)
    public static func variable(_ type: Value.Type, fixed: Metadata = [:]) -> BatchInput where Value: Variable {
        stored(type, columns: nil, fixed) { try Value.decode($0) }
    }

    /// Some columns of the latest value of a variable that is a table.
    public static func columns(
        _ names: [String],
        of type: (some Variable).Type,
        fixed: Metadata = [:]
    ) -> BatchInput where Value == Table {
        stored(type, columns: names, fixed) { try $0.table().select(names) }
    }

    /// One column of the latest value of a variable that is a table.
    public static func column(
        _ name: String,
        of type: (some Variable).Type,
        fixed: Metadata = [:]
    ) -> BatchInput where Value == ArrayValue {
        stored(type, columns: [name], fixed) { try $0.table().array(name) }
    }

    private static func stored<Kind: Variable>(
        _ type: Kind.Type,
        columns: [String]?,
        _ fixed: Metadata,
        decode: @escaping @Sendable (VariableValue) throws -> Value
    ) -> BatchInput {
        BatchInput(
            kind: .stored(
                Stored(
                    variable: Kind.variableName,
                    schemaVersion: Kind.schemaVersion,
                    columns: columns,
                    fixed: fixed,
                    decode: decode
                )
            )
        )
    }

    /// The variable and what is asked for at a location; nil for a constant.
    func query(at location: Metadata) -> (variable: String, schemaVersion: Int, metadata: Metadata)? {
        guard case .stored(let stored) = kind else { return nil }
        return (stored.variable, stored.schemaVersion, location.merging(stored.fixed) { $1 })
    }

    /// Whether locations at which it is are combinations.
    var isVarying: Bool {
        guard case .stored(let stored) = kind else { return false }
        return stored.fixed.isEmpty
    }

    /// What is hashed of it, with the record that it is.
    func form(_ record: VariableRecord?) -> ArgumentForm {
        switch (kind, record) {
        case (.constant(let form, _), _): form
        case (.stored(let stored), let record?): stored.form(of: record)
        case (.stored, nil): preconditionFailure("an input that is stored has a record")
        }
    }

    /// What the function gets.
    func value(_ record: VariableRecord?, _ client: HoldfastClient) async throws -> Value {
        switch (kind, record) {
        case (.constant(_, let value), _): return value
        case (.stored(let stored), let record?):
            let loaded = try await client.load(VariablesLoad(variable: stored.variable, version: record.recordID))
            guard let value = loaded.value else {
                throw HoldfastError(.protocolViolation, "the server sent \(record.recordID) without its value")
            }
            return try stored.decode(value)
        case (.stored, nil): preconditionFailure("an input that is stored has a record")
        }
    }
}
