import Holdfast
import NIOCore

/// Rows of one type and shape that are put behind each other.
struct StackedRows {
    private let name: String
    private let dtype: DType
    private let shape: [Int]
    private var bytes = ByteBuffer()
    private(set) var count = 0

    /// - Parameter first: (n, …), the first rows.
    init(_ name: String, _ first: ArrayValue) throws {
        self.name = name
        dtype = first.dtype
        shape = Array(first.shape.dropFirst())
        try append(first)
    }

    mutating func append(_ rows: ArrayValue) throws {
        guard rows.dtype == dtype, Array(rows.shape.dropFirst()) == shape else {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "\(name) is \(dtype.rawValue) \(shape) in some episodes, \(rows.dtype.rawValue) \(rows.shape.dropFirst()) in others"
            )
        }
        bytes.writeImmutableBuffer(rows.bytes)
        count += rows.shape.first ?? 0
    }

    /// All of them as one array, which must have so many rows.
    func array(of total: Int) throws -> ArrayValue {
        guard count == total else {
            throw CommandFailure(code: CommandFailure.other, message: "some episodes have \(name), others do not")
        }
        return try ArrayValue(dtype: dtype, shape: [count] + shape, bytes: bytes)
    }
}
