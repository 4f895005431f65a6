package import NIOCore

/// What one append writes into one dataset.
package struct Column: Sendable {
    package enum Payload: Sendable {
        /// Encoded chunks at their first rows; rows between them that never get one stay fill rows.
        case chunks([(firstRow: Int, chunk: EncodedChunk)])
        /// Neighbouring rows as plain little-endian bytes.
        case block(start: Int, bytes: ByteBuffer)
    }

    package let spec: DatasetSpec
    /// The dataset's rows after the append; it never shrinks by one.
    package let extent: Int
    package let payload: Payload

    package init(spec: DatasetSpec, extent: Int, payload: Payload) {
        self.spec = spec
        self.extent = extent
        self.payload = payload
    }
}
