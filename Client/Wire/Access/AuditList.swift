/// Lists who came in or was turned away, deleted something, looked into the vault or gave out tokens; the latest first.
public struct AuditList: Method {
    public static let name = "audit.list"
    public static let effect = MethodEffect.read
    public static let role: Role? = .admin

    /// At most this many (default 100, at most 1 000).
    public var limit: Int?
    public var cursor: String?

    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    public struct Entry: Codable, Sendable, Equatable {
        /// UNIX seconds.
        public var at: Double
        /// `login`, `login_failed`, or the name of a method.
        public var event: String
        /// The name of the token; nil for callers without one and for those of the server's start.
        public var token: String?
        /// Where the caller is; nil for calls of methods.
        public var address: String?
        public var note: String?

        public init(at: Double, event: String, token: String?, address: String?, note: String?) {
            self.at = at
            self.event = event
            self.token = token
            self.address = address
            self.note = note
        }
    }

    public struct Result: Codable, Sendable {
        public var entries: [Entry]
        public var cursor: String?

        public init(entries: [Entry], cursor: String?) {
            self.entries = entries
            self.cursor = cursor
        }
    }
}
