/// Asks whether the server lives.
public struct ServerPing: Method {
    public static let name = "server.ping"
    public static let effect = MethodEffect.read
    public static let role: Role? = nil

    public init() {}

    public struct Result: Codable, Sendable {
        /// The server's clock, in UNIX seconds.
        public var time: Double

        public init(time: Double) { self.time = time }
    }
}
