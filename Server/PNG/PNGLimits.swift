/// What a decoded image may be at most; a larger one is refused after its header, before any memory is taken for it.
package struct PNGLimits: Sendable {
    /// Pixels in each direction.
    package var side = 16_384
    /// Bytes of decoded pixels.
    package var bytes = 256 << 20

    package init(side: Int = 16_384, bytes: Int = 256 << 20) {
        self.side = side
        self.bytes = bytes
    }
}
