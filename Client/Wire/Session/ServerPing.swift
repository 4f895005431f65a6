/// Asks whether the server lives, and what the caller may do there.
public struct ServerPing: Method {
    public static let name = "server.ping"
    public static let effect = MethodEffect.read
    public static let role: Role? = nil

    public init() {}

    public struct Result: Codable, Sendable {
        /// The server's clock, in UNIX seconds.
        public var time: Double
        /// What the caller's token allows; everything, where none is needed.
        public var roles: [Role]

        public init(time: Double, roles: [Role]) {
            self.time = time
            self.roles = roles
        }
    }
}
