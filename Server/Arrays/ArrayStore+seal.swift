import Foundation
import Glibc
import HDF5
import NIOCore
import Synchronization
import Wire

extension ArrayStore {
    private static let rowsPerStep = 128
    private static let valuesPerStep = 1 << 16

    /// A file that is ready to take the place of a run's; removed with its last owner unless it is to do so.
    final class Sealed: Sendable {
        let bytesBefore: Int
        let bytes: Int
        /// Of the datasets with compressed rows.
        let rowsPerChunk: [String: Int]
        private let draft: SealedDraft

        fileprivate init(_ draft: SealedDraft, of specs: [DatasetSpec], replacing path: String) {
            self.draft = draft
            let chunked = specs.filter { !$0.storage.isPlain }
            rowsPerChunk = Dictionary(uniqueKeysWithValues: chunked.map { ($0.name, $0.chunkRows) })
            bytesBefore = FileManager.default.size(of: path)
            bytes = FileManager.default.size(of: draft.path)
        }

        /// A commit says that the run is sealed: from now on the file is needed.
        func keep() { draft.isKept.store(true, ordering: .releasing) }

        /// The file has taken its place: who is told so may have the run sealed again.
        func release() { draft.claim.withLock { $0 = nil } }
    }

    /// The file that a run is sealed into, by one caller at a time: another's would take its name away.
    fileprivate final class SealedDraft: Sendable {
        let path: String
        let isKept = Atomic(false)
        let claim: Mutex<Claims.Claim?>

        init(_ path: String, _ claim: Claims.Claim) {
            self.path = path
            self.claim = Mutex(claim)
            unsafe unlink(path)
        }

        deinit { if !isKept.load(ordering: .acquiring) { unsafe unlink(path) } }
    }

    /// Writes a run's arrays anew beside its file, and compares them with what they were.
    func makeSealed(_ runID: String, createdAt: String, as form: SealedForm) async throws -> Sealed {
        guard let claim = claims.take(sealingPath(runID)) else {
            throw WireError(.overloaded, "run \"\(runID)\" is being sealed already; ask again when that is done")
        }
        let draft = SealedDraft(sealingPath(runID), claim)
        let specs = try await specs(ofRun: runID, as: form)
        let file = try await onExecutor(runID) { [executor] () throws(HDF5Error) in
            try RunFile.create(
                draft.path,
                attributes: [
                    ("run_id", runID), ("created_at", createdAt), ("version", "holdfast/\(holdfastVersion)"),
                ],
                compression: form.compression,
                datasets: specs.map(\.spec),
                sealedAt: form.sealedAt,
                pageBytes: form.isPaged ? SealedForm.pageBytes : nil,
                on: executor
            )
        }
        for (spec, rows) in specs { try await copy(spec, rows: rows, of: runID, to: file) }
        try await onExecutor(runID) { () throws(HDF5Error) in try file.close() }
        let copy = try await onExecutor(runID) { [executor] () throws(HDF5Error) in
            try RunFile.openReadOnly(draft.path, on: executor)
        }
        for (spec, rows) in specs { try await compare(spec, rows: rows, of: runID, with: copy) }
        try await onExecutor(runID) { () throws(HDF5Error) in try copy.close() }
        return Sealed(draft, of: specs.map(\.spec), replacing: path(runID))
    }

    /// What the sealed file will have, and how many rows of it.
    private func specs(ofRun runID: String, as form: SealedForm) async throws -> [(spec: DatasetSpec, rows: Int)] {
        let present = try await withFile(of: runID) { file throws(HDF5Error) in
            var specs: [(spec: DatasetSpec, rows: Int)] = []
            for spec in try file?.datasets ?? [] { specs.append((spec, try file?.rows(of: spec.name) ?? 0)) }
            return specs
        }
        var specs: [(spec: DatasetSpec, rows: Int)] = []
        for (spec, rows) in present {
            specs.append((spec.storage.isPlain ? spec : try await chunks(spec, rows, of: runID, as: form), rows))
        }
        return specs
    }

    /// The chunks of a dataset's rows; of one row each where too many ranges of rows have no array to say so beside them.
    private func chunks(
        _ spec: DatasetSpec,
        _ rows: Int,
        of runID: String,
        as form: SealedForm
    ) async throws -> DatasetSpec {
        let chunkRows = form.rowsPerChunk(of: spec.layout, rows: rows)
        let absent = chunkRows > 1 ? try await absentRows(spec.name, rows, of: runID) : []
        guard let absent else { return DatasetSpec(name: spec.name, layout: spec.layout, storage: .chunkPerRow) }
        return DatasetSpec(name: spec.name, layout: spec.layout, storage: .chunks(of: chunkRows), absent: absent)
    }

    /// The rows without an array; nil where they are too many ranges to be kept with a dataset.
    private func absentRows(_ name: String, _ rows: Int, of runID: String) async throws -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        for start in stride(from: 0, to: rows, by: Self.valuesPerStep) {
            let range = start..<min(start + Self.valuesPerStep, rows)
            let found = try await withFile(of: runID) { file throws(HDF5Error) in
                try file?.absentRows(name, in: range) ?? []
            }
            for row in found {
                if let last = ranges.last, last.upperBound == row {
                    ranges[ranges.count - 1] = last.lowerBound..<row + 1
                } else {
                    ranges.append(row..<row + 1)
                }
            }
            if ranges.count > DatasetSpec.mostAbsent { return nil }
        }
        return ranges
    }

    private func onExecutor<Value: Sendable>(
        _ runID: String,
        _ body: @escaping @Sendable () throws(HDF5Error) -> Value
    ) async throws -> Value {
        try await withFile(of: runID) { _ throws(HDF5Error) in try body() }
    }

    /// Whole chunks of about as many rows as are read at a time.
    private static func steps(of spec: DatasetSpec, rows: Int) -> [Range<Int>] {
        let least = spec.storage.isPlain ? valuesPerStep : rowsPerStep
        let step = max(1, least / spec.chunkRows) * spec.chunkRows
        return stride(from: 0, to: rows, by: step).map { $0..<min($0 + step, rows) }
    }

    private func copy(_ spec: DatasetSpec, rows: Int, of runID: String, to file: RunFile) async throws {
        let codec = RowCodec()
        for range in Self.steps(of: spec, rows: rows) {
            let payload: Column.Payload
            if spec.storage.isPlain {
                payload = .block(start: range.lowerBound, bytes: try await block(spec, range, of: runID))
            } else {
                let chunks = Self.chunks(try await rawRows(spec, range, of: runID), of: spec)
                payload = .chunks(
                    try await pool.map(chunks) { firstRow, bytes in
                        unsafe (
                            firstRow, bytes.withUnsafeReadableBytes { unsafe codec.encode($0, with: file.compression) }
                        )
                    }
                )
            }
            try await onExecutor(runID) { () throws(HDF5Error) in
                try file.append([Column(spec: spec, extent: range.upperBound, payload: payload)])
                try file.flush()
            }
        }
    }

    /// Rows put together to chunks, with zeros where there is none; a chunk without any is left out.
    private static func chunks(
        _ rows: [(Int, ByteBuffer)],
        of spec: DatasetSpec
    ) -> [(firstRow: Int, bytes: ByteBuffer)] {
        guard spec.chunkRows > 1 else { return rows }
        var chunks: [(firstRow: Int, bytes: ByteBuffer)] = []
        for (row, bytes) in rows {
            let position = row % spec.chunkRows
            if chunks.last?.firstRow != row - position {
                let zeros = ByteBuffer(repeating: 0, count: spec.chunkRows * spec.layout.rowBytes)
                chunks.append((row - position, zeros))
            }
            chunks[chunks.count - 1].bytes.setBuffer(bytes, at: position * spec.layout.rowBytes)
        }
        return chunks
    }

    /// The rows of a range that there are, decompressed; a row without an array is left out.
    private func rawRows(_ spec: DatasetSpec, _ range: Range<Int>, of runID: String) async throws -> [(Int, ByteBuffer)]
    {
        let refs = range.map { FrameRef(runID: runID, dataset: spec.name, index: $0) }
        return zip(range, try await read(refs)).compactMap { index, row in row.map { (index, $0.bytes) } }
    }

    private func block(_ spec: DatasetSpec, _ range: Range<Int>, of runID: String) async throws -> ByteBuffer {
        try await withFile(of: runID) { file throws(HDF5Error) in
            guard let file else { throw HDF5Error(.invalid, "read", runID, "the run has no file") }
            return try file.readBlock(spec.name, range)
        }
    }

    private func compare(_ spec: DatasetSpec, rows: Int, of runID: String, with copy: RunFile) async throws {
        let codec = RowCodec()
        let differs = WireError(
            .internalError,
            "the arrays of run \"\(runID)\" could not be written anew: /\(spec.name) differs; the run is as it was"
        )
        for range in Self.steps(of: spec, rows: rows) {
            guard !spec.storage.isPlain else {
                let written = try await onExecutor(runID) { () throws(HDF5Error) in
                    try copy.readBlock(spec.name, range)
                }
                guard written == (try await block(spec, range, of: runID)) else { throw differs }
                continue
            }
            let written = try await onExecutor(runID) { () throws(HDF5Error) in
                try copy.storedRows(spec.name, Array(range))
            }
            let present = zip(range, written).compactMap { index, row in row.map { (index, $0) } }
            let decoded = try await pool.map(present) { index, row in
                (index, try codec.decode(row, with: copy.compression, layout: spec.layout))
            }
            let expected = try await rawRows(spec, range, of: runID)
            guard decoded.count == expected.count,
                zip(decoded, expected).allSatisfy({ $0.0 == $1.0 && $0.1 == $1.1 })
            else { throw differs }
        }
    }
}
