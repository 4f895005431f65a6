/// Something that went wrong between a log call and the server's acknowledgement.
public struct DeliveryProblem: Sendable, CustomStringConvertible {
    /// The kind of problem; further ones may be added.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// Records that the server refused for their content, or that could never be sent; the spool's folder
        /// `rejected` keeps the former.
        public static let rejected = Kind(description: "rejected")
        /// Records that were logged while the spool or its disk was full, or after the client was closed; they are lost.
        public static let dropped = Kind(description: "dropped")
        /// The server can't take anything now; the records wait and are sent later.
        public static let waiting = Kind(description: "waiting")
        /// A spool has bytes that are not what was written; what is behind them is set aside.
        public static let damaged = Kind(description: "damaged")
        /// The server was restored to an older state: what is still here is sent under a new producer id.
        public static let serverRestored = Kind(description: "server_restored")
    }

    public let kind: Kind
    /// How many records it concerns.
    public let records: Int
    public let message: String
    /// The server's error, if it came from there.
    public let error: WireError?

    init(_ kind: Kind, records: Int, message: String, error: WireError? = nil) {
        self.kind = kind
        self.records = records
        self.message = message
        self.error = error
    }

    public var description: String { "\(kind): \(records) records: \(message)" }
}
