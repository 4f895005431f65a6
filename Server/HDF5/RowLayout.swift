package import Wire

/// The type and shape of one row of a dataset.
package struct RowLayout: Hashable, Sendable, CustomStringConvertible {
    package let dtype: DType
    package let shape: [Int]
    /// Elements of one row.
    package let count: Int
    /// Bytes of one row.
    package let rowBytes: Int

    /// A dataset's rank includes the rows.
    private static let maximumRank = 31
    /// A chunk of the library is smaller than 4 GiB; two rows of the largest kind must fit.
    private static let maximumBytes = Int(UInt32.max) / 2

    package init(dtype: DType, shape: [Int]) throws(HDF5Error) {
        let name = "\(dtype.rawValue) \(shape)"
        guard shape.count <= Self.maximumRank else {
            throw HDF5Error(.invalid, "row layout", name, "more than \(Self.maximumRank) dimensions")
        }
        var count = 1
        // Of a chunk, in which an empty dimension has room for one.
        var room = dtype.itemSize
        var isTooLarge = false
        for size in shape {
            guard size >= 0 else { throw HDF5Error(.invalid, "row layout", name, "a negative dimension") }
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            // A later 0 makes the row empty, yet no dimension may pass what the library can count.
            isTooLarge = isTooLarge || overflow || size > Self.maximumBytes
            count = product
            let (grown, isFull) = room.multipliedReportingOverflow(by: max(1, size))
            isTooLarge = isTooLarge || isFull || grown > Self.maximumBytes
            room = isTooLarge ? 1 : grown
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.itemSize)
        guard !isTooLarge, !overflow, bytes <= Self.maximumBytes else {
            throw HDF5Error(.invalid, "row layout", name, "a row must have less than 2 GiB")
        }
        self.dtype = dtype
        self.shape = shape
        self.count = count
        self.rowBytes = bytes
    }

    package var description: String { "\(dtype.rawValue) \(shape)" }
}
