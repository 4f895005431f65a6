/// Declares the schema keys, once for the database, or tells them.
public struct VariablesSchema: Method {
    public static let name = "variables.schema"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    /// A metadata key that is part of a value's location.
    public struct Key: Codable, Sendable, Equatable {
        public enum Kind: String, Choice {
            case string
            case integer
            case number
        }

        public var name: String
        public var type: Kind

        public init(name: String, type: Kind) {
            self.name = name
            self.type = type
        }
    }

    /// nil only asks.
    public var keys: [Key]?

    public init(keys: [Key]? = nil) { self.keys = keys }

    public struct Result: Codable, Sendable {
        /// In their order; empty until they are declared: then every metadata key is one.
        public var keys: [Key]

        public init(keys: [Key]) { self.keys = keys }
    }
}
