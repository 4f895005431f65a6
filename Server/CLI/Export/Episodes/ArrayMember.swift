import Holdfast
import NIOCore

/// An array of an .npz file, gathered row by row in a file of its own until its length is known.
final class ArrayMember {
    let name: String
    private let dtype: DType
    private let shape: [Int]
    private let rows: SpoolFile
    private let steps: SpoolFile
    private(set) var count = 0

    /// - Parameters:
    ///   - shape: Of one row.
    ///   - path: Beside which the rows are gathered.
    init(_ name: String, dtype: DType, shape: [Int] = [], beside path: String) throws {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        rows = try .anonymous(beside: path)
        steps = try .anonymous(beside: path)
    }

    /// Adds the rows of a page that begins with the episode's step `first`, counted from 0.
    func append(_ added: StepRows, first: Int) throws {
        guard added.dtype == dtype, added.shape == shape else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(name) changes from \(dtype.rawValue) \(shape) to \(added.dtype.rawValue) \(added.shape)"
            )
        }
        try rows.append(added.array.bytes)
        try steps.append(try ArrayValue(added.steps.map { Int64(first + $0) }).bytes)
        count += added.steps.count
    }

    /// Writes it, and where not every step has a row, `NAME_rows` says which do.
    func write(to file: ZIPWriter, of total: Int) throws {
        try write(name, rows, NPY.header(NPY.type(dtype), shape: [count] + shape), to: file)
        guard count < total else { return }
        try write("\(name)_rows", steps, NPY.header(NPY.type(.int64), shape: [count]), to: file)
    }

    private func write(_ name: String, _ content: SpoolFile, _ header: [UInt8], to file: ZIPWriter) throws {
        try file.add("\(name).npy", size: content.count + UInt64(header.count)) { write in
            try write(ByteBuffer(bytes: header))
            try content.read(write)
        }
    }
}
