public import NIOCore

/// One message on the TCP door: a JSON object and the raw bytes behind it.
public struct Frame: Sendable, Equatable {
    /// The JSON object.
    public let payload: ByteBuffer
    /// Where the object's members lie in the payload.
    let members: [String: Range<Int>]
    public let attachments: [ByteBuffer]

    /// The bytes of one top-level member's value.
    func member(_ key: String) -> ByteBuffer? {
        guard let range = members[key] else { return nil }
        return payload.getSlice(at: payload.readerIndex + range.lowerBound, length: range.count)
    }

    /// All bytes of the frame on the wire.
    public var byteCount: Int { 4 + payload.readableBytes + attachments.reduce(0) { $0 + $1.readableBytes } }

    /// Reads one JSON object that has no attachments, as it comes over HTTP.
    public init(payload: ByteBuffer) throws(WireError) {
        try self.init(payload: payload, members: Self.members(of: payload), attachments: [])
    }

    init(payload: ByteBuffer, members: [String: Range<Int>], attachments: [ByteBuffer]) {
        self.payload = payload
        self.members = members
        self.attachments = attachments
    }

    static func members(of payload: ByteBuffer) throws(WireError) -> [String: Range<Int>] {
        let members: [String: Range<Int>]?
        do {
            members = try JSONScanner.members(of: Array(payload.readableBytesView))
        } catch {
            throw WireError(.parseError, "payload is not valid JSON: \(error.reason) at byte \(error.offset)")
        }
        guard let members else {
            throw WireError(.invalidRequest, "a request is a JSON object; batches (arrays) are not supported")
        }
        return members
    }
}
