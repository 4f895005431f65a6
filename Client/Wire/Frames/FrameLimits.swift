/// The largest frame that a side accepts.
public struct FrameLimits: Codable, Sendable, Equatable {
    /// Bytes of the JSON object.
    public var payload: Int
    /// Bytes of all attachments together.
    public var attachments: Int

    public init(payload: Int = 16 << 20, attachments: Int = 256 << 20) {
        self.payload = payload
        self.attachments = attachments
    }

    /// What a connection may send before `hello` is answered.
    public static let beforeHello = FrameLimits(payload: 64 << 10, attachments: 0)
}
