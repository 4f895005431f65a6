public import NIOCore

/// A typed array: C-order, little-endian bytes with a dtype and a shape.
///
/// In JSON it is `{"dtype", "shape", "attachment": k}`, its bytes travelling as attachment k of the frame, or
/// `{"dtype", "shape", "base64"}`. Decoding checks the bytes against the shape; see ``ArrayCoding``.
public struct ArrayValue: Sendable, Equatable {
    /// At most this many dimensions.
    public static let maximumRank = 8

    public let dtype: DType
    /// Elements along each dimension, outermost first; zero is legal.
    public let shape: [Int]
    /// The elements, or the compressed rows one after the other when ``rows`` is set.
    public let bytes: ByteBuffer
    /// Set when each row along the first dimension is compressed by itself.
    public let rows: CompressedRows?

    /// An array whose bytes must be exactly as many as `dtype` and `shape` say.
    public init(dtype: DType, shape: [Int], bytes: ByteBuffer) throws(ArrayError) {
        let expected = try Self.byteCount(dtype: dtype, shape: shape)
        guard bytes.readableBytes == expected else {
            throw ArrayError("expected \(expected) bytes for \(dtype.rawValue)\(shape), got \(bytes.readableBytes)")
        }
        if dtype == .bool, bytes.readableBytesView.contains(where: { $0 > 1 }) {
            throw ArrayError("a bool array has bytes 0 and 1 only")
        }
        self.dtype = dtype
        self.shape = shape
        self.bytes = bytes
        self.rows = nil
    }

    /// An array whose rows are compressed; the sizes must add up to the bytes, none larger than a raw row.
    public init(dtype: DType, shape: [Int], bytes: ByteBuffer, rows: CompressedRows) throws(ArrayError) {
        guard let count = shape.first else { throw ArrayError("compressed rows need at least one dimension") }
        _ = try Self.byteCount(dtype: dtype, shape: shape)
        let rowBytes = try Self.byteCount(dtype: dtype, shape: Array(shape.dropFirst()))
        guard rows.sizes.count == count else {
            throw ArrayError("row_bytes has \(rows.sizes.count) sizes for \(count) rows")
        }
        var total = 0
        for (row, size) in rows.sizes.enumerated() {
            guard size >= 0, size <= rowBytes else {
                throw ArrayError("row_bytes[\(row)] is \(size); a row is at most its raw size of \(rowBytes) bytes")
            }
            total += size
        }
        guard total == bytes.readableBytes else {
            throw ArrayError("row_bytes add up to \(total), the array has \(bytes.readableBytes) bytes")
        }
        self.dtype = dtype
        self.shape = shape
        self.bytes = bytes
        self.rows = rows
    }

    /// The number of bytes of an array, checked for negative sizes, too many dimensions and overflow.
    public static func byteCount(dtype: DType, shape: [Int]) throws(ArrayError) -> Int {
        guard shape.count <= maximumRank else {
            throw ArrayError("shape has \(shape.count) dimensions, at most \(maximumRank) are allowed")
        }
        var count = dtype.itemSize
        var overflow = false
        var isEmpty = false
        for size in shape {
            guard size >= 0 else { throw ArrayError("shape \(shape) has a negative size") }
            if size == 0 {
                isEmpty = true
            } else {
                let product = count.multipliedReportingOverflow(by: size)
                count = product.partialValue
                overflow = overflow || product.overflow
            }
        }
        guard !overflow else { throw ArrayError("shape \(shape) overflows the byte count") }
        return isEmpty ? 0 : count
    }
}

/// How the rows of an array are compressed, each by itself.
public struct CompressedRows: Sendable, Equatable {
    /// The compression of each row; a row of exactly the raw size is raw.
    public enum Encoding: String, Choice {
        case zlib
        case lzf
    }

    public let encoding: Encoding
    /// The stored bytes of each row.
    public let sizes: [Int]

    public init(encoding: Encoding, sizes: [Int]) {
        self.encoding = encoding
        self.sizes = sizes
    }
}

/// An array that contradicts itself: what was expected and what was found.
public struct ArrayError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
