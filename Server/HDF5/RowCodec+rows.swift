package import NIOCore

extension RowCodec {
    /// Decompresses the row that stands in a chunk.
    package func decode(
        _ row: ChunkedRow,
        with compression: Compression,
        layout: RowLayout
    ) throws(HDF5Error) -> ByteBuffer {
        if row.chunkRows == 1 { return try decode(row.chunk, with: compression, size: layout.rowBytes) }
        // A copy, so that a row does not keep its neighbours in memory.
        return try neighbours(of: row, compression, layout).withUnsafeReadableBytes {
            ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: $0[row.bytes(layout)]))
        }
    }

    /// Decompresses the row that stands in a chunk into memory of exactly its size.
    func decode(
        _ row: ChunkedRow,
        with compression: Compression,
        layout: RowLayout,
        into output: UnsafeMutableRawBufferPointer
    ) throws(HDF5Error) {
        if row.chunkRows == 1 { return try decode(row.chunk, with: compression, into: output) }
        let chunk = try neighbours(of: row, compression, layout)
        chunk.withUnsafeReadableBytes { output.copyMemory(from: .init(rebasing: $0[row.bytes(layout)])) }
    }

    /// All rows of a chunk of several.
    private func neighbours(
        of row: ChunkedRow,
        _ compression: Compression,
        _ layout: RowLayout
    ) throws(HDF5Error) -> ByteBuffer {
        if let known = recent.recall(row.id) { return known }
        let bytes = try decode(row.chunk, with: compression, size: row.chunkRows * layout.rowBytes)
        recent.remember(bytes, row.id)
        return bytes
    }
}

extension ChunkedRow {
    /// Where a row's bytes are in its chunk.
    fileprivate func bytes(_ layout: RowLayout) -> Range<Int> {
        position * layout.rowBytes..<(position + 1) * layout.rowBytes
    }
}
