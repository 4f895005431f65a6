import HDF5
import NIOCore
import Wire

/// One row of a dataset, decompressed.
struct StoredArray: Sendable {
    let layout: RowLayout
    let bytes: ByteBuffer

    /// The row as an array of the wire.
    func wireArray() throws -> ArrayValue {
        try ArrayValue(dtype: layout.dtype, shape: layout.shape, bytes: bytes)
    }
}
