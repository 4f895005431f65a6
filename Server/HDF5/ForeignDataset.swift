package import Wire

/// A dataset in a file of another program.
package struct ForeignDataset: Hashable, Sendable {
    /// Its path without a leading slash.
    package let path: String
    /// The element type its values are read as; nil where they are no numbers, or kept in other files.
    package let dtype: DType?
    /// Its dimensions; empty for a scalar.
    package let dimensions: [Int]

    /// Rows along the first dimension; a scalar is one row.
    package var rows: Int { dimensions.first ?? 1 }

    /// The type and shape of a row, where there is one.
    package var layout: RowLayout? {
        get throws(HDF5Error) {
            guard let dtype else { return nil }
            return try RowLayout(dtype: dtype, shape: Array(dimensions.dropFirst()))
        }
    }
}
