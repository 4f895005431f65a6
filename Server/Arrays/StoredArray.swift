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

    /// Rows of one layout as one array (n, …).
    static func stack(_ rows: [StoredArray]) throws -> ArrayValue? {
        guard let layout = rows.first?.layout else { return nil }
        guard rows.allSatisfy({ $0.layout == layout }) else {
            let other = rows.first { $0.layout != layout }?.layout
            throw WireError(
                .shapeMismatch,
                "can't stack \(layout) with \(other.map(String.init(describing:)) ?? "nothing")"
            )
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(layout.rowBytes * rows.count)
        for row in rows { bytes.writeImmutableBuffer(row.bytes) }
        return try ArrayValue(dtype: layout.dtype, shape: [rows.count] + layout.shape, bytes: bytes)
    }
}
