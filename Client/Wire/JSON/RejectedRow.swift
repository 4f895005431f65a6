/// A row of a request that was not stored, and why; the others were.
public struct RejectedRow: Codable, Sendable, Equatable {
    /// Its place in the request; where rows come in several parts, they are counted through.
    public var index: Int
    public var kind: String
    public var message: String

    public init(index: Int, kind: String, message: String) {
        self.index = index
        self.kind = kind
        self.message = message
    }
}
