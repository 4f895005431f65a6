import HDF5

/// How the arrays of a sealed run are kept.
struct SealedForm: Sendable {
    /// Rows in a chunk; nil where it follows from the size of a row.
    let rowsPerChunk: Int?
    /// Of zlib, 1 to 9.
    let level: Int
    let isPaged: Bool
    /// When the run was sealed, in the form of the tables: tells the file of this time from those of others.
    let sealedAt: String

    /// Rows are put together up to this size where nothing else was asked for: a random row takes a few microseconds more then,
    /// and small rows become a third as large. The figures are in Tests/Benchmarks.
    private static let chunkBytes = 64 << 10
    /// More than h5py's cache of a dataset holds is decompressed anew for each row that it reads.
    private static let mostChunkBytes = 1 << 20
    /// Bytes of a page of a paged file.
    static let pageBytes = 64 << 10

    var compression: Compression { .gzip(level) }

    /// Rows in a chunk of a dataset.
    func rowsPerChunk(of layout: RowLayout, rows: Int) -> Int {
        func fitting(_ bytes: Int) -> Int { bytes / max(1, layout.rowBytes) }
        guard layout.rowBytes > 0 else { return 1 }
        let asked = rowsPerChunk ?? fitting(Self.chunkBytes)
        return max(1, min(asked, fitting(Self.mostChunkBytes), rows))
    }
}
