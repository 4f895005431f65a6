/// A dataset of a run file: its name, its rows, and how they are kept.
package struct DatasetSpec: Hashable, Sendable {
    package enum Storage: Hashable, Sendable {
        /// One row per chunk, compressed as the file says.
        case chunkPerRow
        /// Uncompressed, many rows per chunk: for scalars and other small rows.
        case plain
    }

    package let name: String
    package let layout: RowLayout
    package let storage: Storage

    package init(name: String, layout: RowLayout, storage: Storage) {
        self.name = name
        self.layout = layout
        self.storage = storage
    }

    /// Rows in one chunk: 1 only where a row is a chunk, so that a file tells which storage it has.
    var chunkRows: Int {
        switch storage {
        case .chunkPerRow: 1
        case .plain: min(1024, max(2, (1 << 20) / max(1, layout.rowBytes)))
        }
    }

    /// Throws where the name is no path of plain names: the library would follow "." and empty parts.
    func checkName() throws(HDF5Error) {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !name.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && !$0.allSatisfy { $0 == UInt8(ascii: ".") } })
        else { throw HDF5Error(.invalid, "create dataset", name, "not a dataset's name") }
    }
}
