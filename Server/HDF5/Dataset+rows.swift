import CHDF5
import NIOCore

extension Dataset {
    /// The bytes of a chunk when it is not compressed.
    private var chunkBytes: Int { spec.chunkRows * spec.layout.rowBytes }

    /// Writes the chunk that begins with a row as it is.
    func write(_ chunk: EncodedChunk, at index: Int) throws(HDF5Error) {
        guard index >= 0, index < extent, index.isMultiple(of: spec.chunkRows) else { throw outside("row \(index)") }
        let size = chunk.bytes.readableBytes
        let isRaw = chunk.isRaw || compression == .none
        guard isRaw ? size == chunkBytes : size > 0 && size < chunkBytes else {
            throw HDF5Error(
                .invalid,
                "write chunk",
                spec.name,
                "\(size) bytes for a chunk of \(spec.chunkRows) × \(spec.layout)"
            )
        }
        // An empty row is all there in the dataset's extent.
        guard size > 0 else { return }
        isTouched = true
        place[0] = hsize_t(index)
        // The mask's first bit says that the first filter, the compression, was left out.
        let mask: UInt32 = isRaw && compression != .none ? 1 : 0
        let result = chunk.bytes.withUnsafeReadableBytes {
            H5Dwrite_chunk(id, chdf5_default(), mask, place, size, $0.baseAddress)
        }
        try check(result, "H5Dwrite_chunk", "\(spec.name)/\(index)")
    }

    /// The stored size of a row, 0 for a fill row.
    func storedSize(_ index: Int) throws(HDF5Error) -> Int {
        place[0] = hsize_t(index / spec.chunkRows * spec.chunkRows)
        return try Self.storedSize(of: id, at: place, "\(spec.name)/\(index)")
    }

    /// The stored size of a chunk of any dataset, 0 for one that was never written.
    static func storedSize(of dataset: hid_t, at place: [hsize_t], _ subject: String) throws(HDF5Error) -> Int {
        var size: hsize_t = 0
        guard H5Dget_chunk_storage_size(dataset, place, &size) < 0 else { return Int(clamping: size) }
        let reason = ErrorStack.take()
        // The only sign of a missing chunk is the text: its codes are those of any other failure.
        if reason == "chunk storage is not allocated" { return 0 }
        throw HDF5Error(.failed, "H5Dget_chunk_storage_size", subject, reason)
    }

    /// Where a row stands, with its chunk as it is; nil for a fill row or one beyond the extent.
    ///
    /// - Parameter previous: What was read before: the same chunk is not read again.
    func read(_ index: Int, after previous: ChunkedRow? = nil) throws(HDF5Error) -> ChunkedRow? {
        guard index >= 0, index < extent, !spec.isAbsent(index) else { return nil }
        let position = index % spec.chunkRows
        let id = ChunkedRow.ChunkID(dataset: number, firstRow: index - position)
        let chunk: EncodedChunk
        if let previous, previous.id == id {
            chunk = previous.chunk
        } else {
            guard let read = try readChunk(index) else { return nil }
            chunk = read
        }
        return ChunkedRow(chunk: chunk, id: id, chunkRows: spec.chunkRows, position: position)
    }

    /// Whether a row was ever written.
    func has(_ index: Int) throws(HDF5Error) -> Bool {
        guard index >= 0, index < extent, !spec.isAbsent(index) else { return false }
        if chunkBytes == 0 { return true }
        return try storedSize(index) > 0
    }

    /// The chunk of a row as it is; nil where it was never written.
    private func readChunk(_ index: Int) throws(HDF5Error) -> EncodedChunk? {
        if chunkBytes == 0 { return EncodedChunk(bytes: .init(), isRaw: true) }
        let size = try storedSize(index)
        guard size > 0 else { return nil }
        // H5Dread_chunk has no buffer size: never more than the rows, which is all we ever write.
        guard size <= chunkBytes else {
            throw HDF5Error(.damaged, "read row", "\(spec.name)/\(index)", "\(size) stored bytes for \(spec.layout)")
        }
        var mask: UInt32 = 0
        let bytes = try ByteBuffer.filled(size, "H5Dread_chunk", "\(spec.name)/\(index)") { target in
            H5Dread_chunk(id, chdf5_default(), place, &mask, target)
        }
        // The mask can't be trusted: for the chunk that was written last, 1.10.8 gives 0 whatever was written. But only a
        // raw chunk has the size of one.
        return EncodedChunk(bytes: bytes, isRaw: size == chunkBytes)
    }

    func writeBlock(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(HDF5Error) {
        let rowBytes = spec.layout.rowBytes
        let rows = rowBytes == 0 ? 0 : bytes.count / rowBytes
        guard rows * rowBytes == bytes.count else {
            throw HDF5Error(.invalid, "write block", spec.name, "\(bytes.count) bytes for rows of \(spec.layout)")
        }
        guard start >= 0, start <= extent, rows <= extent - start else { throw outside("\(rows) rows from \(start)") }
        guard rows > 0 else { return }
        isTouched = true
        let selected = try Dataspace.select(start..<start + rows, of: id, spec.name)
        try check(
            H5Dwrite(id, type.id, selected.memory.id, selected.file.id, chdf5_default(), bytes.baseAddress),
            "H5Dwrite",
            spec.name
        )
    }

    /// Neighbouring rows as plain bytes.
    func readBlock(_ rows: Range<Int>) throws(HDF5Error) -> ByteBuffer {
        guard spec.storage.isPlain else {
            throw HDF5Error(.invalid, "read block", spec.name, "its rows are chunks: read them one by one")
        }
        guard rows.lowerBound >= 0, rows.upperBound <= extent else { throw outside("rows \(rows)") }
        return try Dataspace.read(rows, rowBytes: spec.layout.rowBytes, as: type.id, of: id, spec.name)
    }

    /// Writes the first rows of another dataset of the same spec.
    func copy(_ rows: Int, of source: Dataset) throws(HDF5Error) {
        switch spec.storage {
        case .chunks(let chunkRows):
            for index in stride(from: 0, to: rows, by: chunkRows) {
                if let chunk = try source.readChunk(index) { try write(chunk, at: index) }
            }
        case .plain:
            for start in stride(from: 0, to: rows, by: spec.chunkRows) {
                let block = try source.readBlock(start..<min(start + spec.chunkRows, rows))
                var failure: HDF5Error?
                block.withUnsafeReadableBytes { bytes in
                    do throws(HDF5Error) { try writeBlock(bytes, from: start) } catch { failure = error }
                }
                if let failure { throw failure }
            }
        }
    }

    /// Throws where the last stored row lies beyond the file's end.
    ///
    /// Rows are stored in order, so a file that lost its end has lost its last rows; a look at all of them would cost
    /// the square of their number.
    func checkEnd(rows: Int, end: UInt64, _ path: String) throws(HDF5Error) {
        guard spec.layout.rowBytes > 0 else { return }
        var index = rows - 1
        while index >= 0, try storedSize(index) == 0 { index -= spec.chunkRows }
        guard index >= 0 else { return }
        guard try chunkEnd(index / spec.chunkRows * spec.chunkRows) <= end else {
            throw HDF5Error(.damaged, "open", path, "the end of the file is missing, with rows of \"\(spec.name)\"")
        }
    }

    /// Grows the dataset over all chunks at or behind `rows` that its index has, and gives the end of the last of them
    /// in the file; 0 without any.
    func uncoverChunks(from rows: Int) throws(HDF5Error) -> UInt64 {
        guard spec.layout.rowBytes > 0 else { return 0 }
        let step = spec.chunkRows
        var next = (rows + step - 1) / step * step
        var chunks: [Int] = []
        while true {
            let end = next + Self.uncoveredAtOnce * step
            if extent < end { try setExtent(end) }
            var found: [Int] = []
            for index in stride(from: next, to: end, by: step) where try storedSize(index) > 0 { found.append(index) }
            if found.isEmpty { break }
            chunks += found
            next = end
        }
        // The last ones lie farthest behind. Asking where a chunk lies costs the library a walk over all of them.
        var end: UInt64 = 0
        for index in chunks.suffix(Self.mostLocated) { end = max(end, try chunkEnd(index)) }
        return end
    }

    /// Throws where the index could not take the rows that are appended next.
    ///
    /// What a lost write left out of the index need not show in a look for a chunk: the library looks no further than its
    /// header says that there are entries, while a block before that may name one that never reached the disk. Only to
    /// write finds out; what was written is of no use afterwards.
    func probeIndex(from rows: Int) throws(HDF5Error) {
        guard spec.layout.rowBytes > 0 else { return }
        let step = spec.chunkRows
        let next = (rows + step - 1) / step * step
        // Of compressed chunks a byte is enough, any other must be whole.
        let isSmall = compression != .none && !spec.storage.isPlain
        let end = next + (isSmall ? 512 : 64) * Self.smallestBlock * step
        let bytes = [UInt8](repeating: 0, count: isSmall ? 1 : chunkBytes)
        if extent < end { try setExtent(end) }
        for index in stride(from: next, to: end, by: Self.smallestBlock * step) where try storedSize(index) == 0 {
            place[0] = hsize_t(index)
            let result = H5Dwrite_chunk(id, chdf5_default(), 0, place, bytes.count, bytes)
            try check(result, "H5Dwrite_chunk", "\(spec.name)/\(index)")
        }
    }

    /// Chunks in the smallest block of the library's index, an extensible array.
    private static let smallestBlock = 16

    /// Rows of a group that was being written lie together, with gaps for steps without an array.
    private static let uncoveredAtOnce = 4096
    private static let mostLocated = 64

    private func chunkEnd(_ index: Int) throws(HDF5Error) -> UInt64 {
        place[0] = hsize_t(index)
        var (mask, address, size) = (UInt32(0), haddr_t(0), hsize_t(0))
        let result = H5Dget_chunk_info_by_coord(id, place, &mask, &address, &size)
        try check(result, "H5Dget_chunk_info_by_coord", "\(spec.name)/\(index)")
        let (end, overflows) = UInt64(address).addingReportingOverflow(UInt64(size))
        guard !overflows else {
            throw HDF5Error(.damaged, "open", spec.name, "row \(index) lies at \(address), with \(size) bytes")
        }
        return end
    }

    private func outside(_ rows: String) -> HDF5Error {
        HDF5Error(.invalid, "access rows", spec.name, "\(rows) of \(extent)")
    }
}
