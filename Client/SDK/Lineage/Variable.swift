public import Wire

/// Where a value is, and which of its versions: schema keys and version keys with strings, numbers or truth values.
public typealias Metadata = [String: JSONValue]

/// A kind of data that is saved at locations, in versions.
///
/// ```swift
/// struct EMG: Variable {
///     var samples: [Double]
///     func encode() throws -> VariableValue { .array(try ArrayValue(samples)) }
///     static func decode(_ value: VariableValue) throws -> EMG { EMG(samples: try value.numbers()) }
/// }
/// ```
///
/// A type that is `Codable` needs neither `encode` nor `decode`: it is kept as JSON. For types of which another process, of
/// whatever language, shall make the same, use arrays and ``Table``.
public protocol Variable: ThunkArgument where Value == Self {
    /// The name on the server; by default the type's.
    static var variableName: String { get }
    /// Raise it when what ``encode()`` makes gets another meaning: records of another version are never loaded, so that what
    /// was computed is computed again. By default 1.
    static var schemaVersion: Int { get }

    /// What is saved.
    func encode() throws -> VariableValue
    /// The value of what was saved.
    static func decode(_ value: VariableValue) throws -> Self
}

extension Variable {
    public static var variableName: String { String(describing: Self.self) }
    public static var schemaVersion: Int { 1 }

    public var argumentValue: Self { self }

    public var argumentForm: ArgumentForm {
        get throws {
            .content(try Digest(content: try encode()).hex, .unsaved(variable: Self.variableName))
        }
    }
}

extension Variable where Self: Codable {
    public func encode() throws -> VariableValue {
        .json(try JSONCoding.decode(JSONValue.self, from: try JSONCoding.encode(self)))
    }

    public static func decode(_ value: VariableValue) throws -> Self {
        guard case .json(let json) = value else { throw value.isNot("JSON") }
        do {
            return try JSONCoding.decode(Self.self, from: try JSONCoding.encode(json), root: "the value")
        } catch let error as WireError {
            let reason = "what was saved as \(variableName) is no \(Self.self) of now: \(error.message)"
            throw HoldfastError(.invalidValue, reason + "; make what is new optional, or raise schemaVersion")
        }
    }
}

/// A value that was saved or loaded: the data, and the record that they are.
public struct Record<Value: Variable>: Sendable {
    public let value: Value
    /// What ``HoldfastClient/load(_:version:)`` takes: the first 16 hexadecimal digits of a hash over variable, schema version,
    /// content and metadata.
    public let recordID: String
    public let metadata: Metadata
    /// SHA-256 of the content, in hexadecimal: equal for equal values, wherever they are.
    public let contentHash: String
    /// Of the invocation that made it; nil where none is known.
    public let lineageHash: String?

    init(value: Value, recordID: String, metadata: Metadata, contentHash: String, lineageHash: String?) {
        self.value = value
        self.recordID = recordID
        self.metadata = metadata
        self.contentHash = contentHash
        self.lineageHash = lineageHash
    }

    init(_ record: VariableRecord) throws {
        guard record.schemaVersion == Value.schemaVersion else {
            throw HoldfastError(
                .schemaVersion,
                "the \(record.variable) \(record.recordID) has schema version \(record.schemaVersion), the type \(Value.self) "
                    + "\(Value.schemaVersion)"
            )
        }
        guard let value = record.value else {
            throw HoldfastError(.protocolViolation, "the server sent \(record.recordID) without its value")
        }
        let decoded: Value
        do {
            decoded = try Value.decode(value)
        } catch let error as HoldfastError {
            throw HoldfastError(error.code, "record \(record.recordID): \(error.message)", cause: error.cause)
        }
        self.init(
            value: decoded,
            recordID: record.recordID,
            metadata: record.metadata,
            contentHash: record.contentHash,
            lineageHash: record.lineageHash
        )
    }
}

extension Record: ThunkArgument {
    public var argumentValue: Value { value }

    public var argumentForm: ArgumentForm { .content(contentHash, .record(recordID, variable: Value.variableName)) }
}
