/// A dataset of a run file: its name, its rows, and how they are kept.
package struct DatasetSpec: Hashable, Sendable {
    package enum Storage: Hashable, Sendable {
        /// So many rows per chunk, compressed as the file says; the last chunk is filled up with zeros.
        case chunks(of: Int)
        /// Uncompressed, many rows per chunk: for scalars and other small rows.
        case plain

        /// What a file has that is written to: each row compressed by itself.
        package static let chunkPerRow = Storage.chunks(of: 1)

        package var isPlain: Bool { self == .plain }
    }

    package let name: String
    package let layout: RowLayout
    package let storage: Storage
    /// Rows without an array, in order, that their chunks can't tell from zeros; kept with the dataset.
    package let absent: [Range<Int>]

    /// The most ranges of rows without an array that are kept with a dataset: an attribute has room for 64 KiB.
    package static let mostAbsent = 2000

    package init(name: String, layout: RowLayout, storage: Storage, absent: [Range<Int>] = []) {
        self.name = name
        self.layout = layout
        self.storage = storage
        self.absent = absent
    }

    /// Rows in one chunk. A plain dataset has more than one and no filter, so that a file tells which storage it has.
    package var chunkRows: Int {
        switch storage {
        case .chunks(let rows): rows
        case .plain: min(1024, max(2, (1 << 20) / max(1, layout.rowBytes)))
        }
    }

    /// Whether a row is one of those without an array.
    func isAbsent(_ index: Int) -> Bool {
        var (low, high) = (0, absent.count)
        while low < high {
            let middle = (low + high) / 2
            if absent[middle].upperBound <= index { low = middle + 1 } else { high = middle }
        }
        return low < absent.count && absent[low].contains(index)
    }

    /// Throws where the name is no path of plain names: the library would follow "." and empty parts.
    func checkName() throws(HDF5Error) {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !name.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && !$0.allSatisfy { $0 == UInt8(ascii: ".") } })
        else { throw HDF5Error(.invalid, "create dataset", name, "not a dataset's name") }
    }
}
