/// The first request on a TCP connection.
public struct Hello: Method {
    public static let name = "hello"
    public static let effect = MethodEffect.read
    public static let role: Role? = nil
    /// The protocol number that this code speaks.
    public static let protocolVersion = 1

    public var protocolVersion: Int
    /// The client's `name/version`, for the server's log.
    public var client: String
    public var token: String?
    /// A producer whose last sequence number is asked for.
    public var producer: String?

    public init(client: String, token: String? = nil, producer: String? = nil) {
        self.protocolVersion = Self.protocolVersion
        self.client = client
        self.token = token
        self.producer = producer
    }

    private enum CodingKeys: String, CodingKey {
        case protocolVersion = "protocol"
        case client
        case token
        case producer
    }

    public struct Result: Codable, Sendable {
        public var protocolVersion: Int
        /// `holdfast/x.y.z`
        public var server: String
        public var limits: FrameLimits
        public var producer: Producer?

        public init(server: String, limits: FrameLimits, producer: Producer?) {
            self.protocolVersion = Hello.protocolVersion
            self.server = server
            self.limits = limits
            self.producer = producer
        }

        private enum CodingKeys: String, CodingKey {
            case protocolVersion = "protocol"
            case server
            case limits
            case producer
        }
    }

    /// What the server knows of a producer.
    public struct Producer: Codable, Sendable {
        /// The last sequence number that was applied or refused for good; 0 for an unknown producer.
        public var lastSeq: Int64

        public init(lastSeq: Int64) { self.lastSeq = lastSeq }

        private enum CodingKeys: String, CodingKey {
            case lastSeq = "last_seq"
        }
    }
}
