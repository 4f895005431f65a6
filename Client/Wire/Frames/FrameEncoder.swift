import NIOCore

/// Puts the length before a payload; attachments follow as separate buffers, so that they are not copied.
enum FrameEncoder {
    static func encode(payload: ByteBuffer, attachments: [ByteBuffer]) -> [ByteBuffer] {
        var head = ByteBuffer()
        head.reserveCapacity(4 + payload.readableBytes)
        head.writeInteger(UInt32(payload.readableBytes))
        head.writeImmutableBuffer(payload)
        return [head] + attachments
    }
}
