import HDF5
import NIOCore
import Wire

/// A row as it stands in its file, and where that is.
struct StoredRow: Sendable {
    let ref: FrameRef
    let layout: RowLayout
    let compression: Compression
    let row: ChunkedRow
}

extension ArrayStore {
    /// Rows that are read in one job, so that a large batch does not keep others from the library.
    private static let rowsPerJob = 128

    private struct DatasetKey: Hashable {
        let runID: String
        let name: String
    }

    private struct Read: Sendable {
        let layout: RowLayout
        let compression: Compression
        let rows: [ChunkedRow?]
    }

    /// The arrays behind references, in their order; nil where a row has none.
    func read(_ refs: [FrameRef]) async throws -> [StoredArray?] {
        try await decode(try await stored(refs))
    }

    /// Decompresses rows, each by itself.
    func decode(_ rows: [StoredRow?]) async throws -> [StoredArray?] {
        let codec = codec
        return try await pool.map(rows) { stored in
            guard let stored else { return nil }
            do throws(HDF5Error) {
                let bytes = try codec.decode(stored.row, with: stored.compression, layout: stored.layout)
                return StoredArray(layout: stored.layout, bytes: bytes)
            } catch {
                throw Self.wireError(error, runID: stored.ref.runID)
            }
        }
    }

    /// Decompresses rows of one layout into one array (n, …); nil without rows.
    func stack(_ rows: [StoredRow]) async throws -> ArrayValue? {
        guard let layout = rows.first?.layout else { return nil }
        if let other = rows.first(where: { $0.layout != layout })?.layout {
            throw WireError(.shapeMismatch, "can't stack \(layout) with \(other)")
        }
        let codec = codec
        let bytes = try await pool.run {
            do throws(RowStackError) {
                return try codec.stack(rows.map { ($0.row, $0.compression) }, layout: layout)
            } catch {
                throw Self.wireError(error.reason, runID: rows[error.index].ref.runID)
            }
        }
        return try ArrayValue(dtype: layout.dtype, shape: [rows.count] + layout.shape, bytes: bytes)
    }

    /// The rows behind references as they are stored, in the order of the references; nil where there is none.
    ///
    /// - Parameter maximumBytes: What all arrays may take; more is refused before anything is decompressed.
    func stored(_ refs: [FrameRef], atMost maximumBytes: Int = .max) async throws -> [StoredRow?] {
        var left = maximumBytes
        var results = [StoredRow?](repeating: nil, count: refs.count)
        let groups = Dictionary(grouping: refs.indices) { DatasetKey(runID: refs[$0].runID, name: refs[$0].dataset) }
        for (key, places) in groups {
            // In the order of the file, in which the library finds neighbours faster.
            let ordered = places.sorted { refs[$0].index < refs[$1].index }
            var isChecked = false
            for start in stride(from: 0, to: ordered.count, by: Self.rowsPerJob) {
                let slice = ordered[start..<min(start + Self.rowsPerJob, ordered.count)]
                guard let read = try await read(key, indices: slice.map { refs[$0].index }) else { continue }
                if !isChecked { left = try Self.check(read.layout, rows: places.count, left, of: maximumBytes) }
                isChecked = true
                left = try Self.check(chunksOf: read.rows, left, of: maximumBytes)
                for (place, row) in zip(slice, read.rows) {
                    guard let row else { continue }
                    results[place] = StoredRow(
                        ref: refs[place],
                        layout: read.layout,
                        compression: read.compression,
                        row: row
                    )
                }
            }
        }
        return results
    }

    /// What is left of a limit.
    private static func check(_ layout: RowLayout, rows: Int, _ left: Int, of maximum: Int) throws -> Int {
        let (bytes, overflows) = layout.rowBytes.multipliedReportingOverflow(by: rows)
        guard !overflows, bytes <= left else { throw tooLarge(maximum) }
        return left - bytes
    }

    /// What is left of a limit after chunks of several rows were read for some of their rows.
    private static func check(chunksOf rows: [ChunkedRow?], _ left: Int, of maximum: Int) throws -> Int {
        var (left, previous) = (left, ChunkedRow?.none)
        for row in rows.compactMap(\.self) where row.chunkRows > 1 {
            if previous?.sharesChunk(with: row) != true { left -= row.chunk.bytes.readableBytes }
            previous = row
        }
        guard left >= 0 else { throw tooLarge(maximum) }
        return left
    }

    private static func tooLarge(_ maximum: Int) -> WireError {
        WireError(
            .resultTooLarge,
            "the arrays of the references pass the limit; ask for fewer at a time",
            details: ["limit": .integer(Int64(maximum))]
        )
    }

    private func read(_ key: DatasetKey, indices: [Int]) async throws -> Read? {
        do throws(HDF5Error) {
            return try await executor.run { () throws(HDF5Error) in
                guard let file = try openForReading(key.runID), let spec = try file.spec(of: key.name) else {
                    return nil
                }
                return Read(
                    layout: spec.layout,
                    compression: file.compression,
                    rows: try Self.storedRows(spec, indices, file)
                )
            }
        } catch {
            throw Self.wireError(error, runID: key.runID)
        }
    }

    private static func storedRows(
        _ spec: DatasetSpec,
        _ indices: [Int],
        _ file: RunFile
    ) throws(HDF5Error) -> [ChunkedRow?] {
        if !spec.storage.isPlain { return try file.storedRows(spec.name, indices) }
        let count = try file.rows(of: spec.name)
        var rows: [ChunkedRow?] = []
        for index in indices {
            guard index < count else {
                rows.append(nil)
                continue
            }
            let bytes = try file.readBlock(spec.name, index..<(index + 1))
            rows.append(ChunkedRow(EncodedChunk(bytes: bytes, isRaw: true)))
        }
        return rows
    }
}
