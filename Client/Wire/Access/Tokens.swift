/// Makes a token that allows some roles; its text is told this once and stored nowhere.
public struct TokensCreate: Method {
    public static let name = "tokens.create"
    public static let effect = MethodEffect.write

    /// 1 to 64 bytes, used by no other token.
    public var tokenName: String
    /// At least one; `holdout` only from callers who have it.
    public var roles: [Role]

    public init(name: String, roles: [Role]) {
        tokenName = name
        self.roles = roles
    }

    public var auditNote: String? { "\(tokenName): \(roles.map(\.rawValue).joined(separator: ", "))" }

    private enum CodingKeys: String, CodingKey {
        case tokenName = "name"
        case roles
    }

    public struct Result: Codable, Sendable {
        public var token: String
        public var name: String
        public var roles: [Role]

        public init(token: String, name: String, roles: [Role]) {
            self.token = token
            self.name = name
            self.roles = roles
        }
    }
}

/// Lists the tokens that were made, the oldest first.
public struct TokensList: Method {
    public static let name = "tokens.list"
    public static let effect = MethodEffect.read
    public static let role: Role? = .admin

    public init() {}

    public struct Token: Codable, Sendable {
        public var name: String
        public var roles: [Role]
        /// UNIX seconds.
        public var createdAt: Double
        /// UNIX seconds; nil while it is valid.
        public var revokedAt: Double?

        public init(name: String, roles: [Role], createdAt: Double, revokedAt: Double?) {
            self.name = name
            self.roles = roles
            self.createdAt = createdAt
            self.revokedAt = revokedAt
        }

        private enum CodingKeys: String, CodingKey {
            case name
            case roles
            case createdAt = "created_at"
            case revokedAt = "revoked_at"
        }
    }

    public struct Result: Codable, Sendable {
        public var tokens: [Token]

        public init(tokens: [Token]) { self.tokens = tokens }
    }
}

/// Makes a token worthless at once, also for those who came in with it.
public struct TokensRevoke: Method {
    public static let name = "tokens.revoke"
    public static let effect = MethodEffect.write

    public var tokenName: String

    public init(name: String) { tokenName = name }

    public var auditNote: String? { tokenName }

    private enum CodingKeys: String, CodingKey {
        case tokenName = "name"
    }

    public struct Result: Codable, Sendable {
        public var name: String

        public init(name: String) { self.name = name }
    }
}
