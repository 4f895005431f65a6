import Holdfast
import NIOCore

/// Fills the rows that some steps lack: with the last one, and before the first with zeros.
struct HeldRows {
    private(set) var last: ByteBuffer

    init(_ entry: MinariLayout.Entry) throws {
        let size = try ArrayValue.byteCount(dtype: entry.dtype, shape: entry.shape)
        last = ByteBuffer(repeating: 0, count: size)
    }

    /// The rows of all steps of a page.
    mutating func fill(_ rows: StepRows?, count: Int) -> ByteBuffer {
        if let rows, rows.steps.count == count, count > 0 {
            last = rows.row(count - 1)
            return rows.array.bytes
        }
        var bytes = ByteBuffer()
        var next = 0
        for place in 0..<count {
            if let rows, next < rows.steps.count, rows.steps[next] == place {
                last = rows.row(next)
                next += 1
            }
            bytes.writeImmutableBuffer(last)
        }
        return bytes
    }
}
