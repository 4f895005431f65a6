import HDF5

/// Who repairs array files that were not closed.
protocol FileRepair: Sendable {
    /// Brings a file back to exactly the committed rows, and closes it. Blocks.
    func repair(_ path: String, committedRows: [String: Int]) throws(HDF5Error) -> Recovery
}
