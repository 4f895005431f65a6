package import NIOCore

/// One row as it stands in a file: compressed, or raw where compression did not shrink it.
package struct EncodedRow: Hashable, Sendable {
    package let bytes: ByteBuffer
    package let isRaw: Bool

    package init(bytes: ByteBuffer, isRaw: Bool) {
        self.bytes = bytes
        self.isRaw = isRaw
    }
}
