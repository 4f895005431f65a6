import Holdfast
import NIOCore

/// Arrays of some of the steps of a page: one row each.
struct StepRows: Sendable {
    /// (m, …)
    let array: ArrayValue
    /// The m steps that have a row, by their places in the page, ascending.
    let steps: [Int]

    init(array: ArrayValue, steps: [Int]) {
        self.array = array
        self.steps = steps
    }

    /// Rows of all steps.
    init(all array: ArrayValue) { self.init(array: array, steps: Array(0..<(array.shape.first ?? 0))) }

    var dtype: DType { array.dtype }
    /// The shape of one row.
    var shape: [Int] { Array(array.shape.dropFirst()) }
    /// The bytes of one row.
    var rowBytes: Int { shape.reduce(dtype.itemSize, *) }

    /// The bytes of a row, counted from 0.
    func row(_ index: Int) -> ByteBuffer {
        let start = array.bytes.readerIndex + index * rowBytes
        return array.bytes.getSlice(at: start, length: rowBytes) ?? ByteBuffer()
    }
}
