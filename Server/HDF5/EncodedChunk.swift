package import NIOCore

/// One chunk as it stands in a file: compressed, or raw where compression did not shrink it.
///
/// A row by itself, in every file that is written to; several rows side by side in a file that was written anew.
package struct EncodedChunk: Hashable, Sendable {
    package let bytes: ByteBuffer
    package let isRaw: Bool

    package init(bytes: ByteBuffer, isRaw: Bool) {
        self.bytes = bytes
        self.isRaw = isRaw
    }
}
