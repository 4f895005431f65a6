import Foundation
import Glibc
import HDF5
import Logging
import NIOCore
import Synchronization
import Wire

extension ArrayStore {
    /// How sealed files are compressed: still each row by itself.
    ///
    /// Several frames in a chunk save 7 to 15 % and cost every random read as many times more, since deflate looks back less
    /// far than a frame is long; libdeflate's strongest levels are no smaller than zlib's, and paged file space is larger
    /// and no faster. The figures are in Tests/Benchmarks.
    static let sealedCompression = Compression.gzip(9)
    private static let rowsPerStep = 128
    private static let valuesPerStep = 1 << 16
    private static let suffix = ".sealing"

    /// A file that is ready to take the place of a run's; removed with its last owner unless it is to do so.
    final class Sealed: Sendable {
        let bytesBefore: Int
        let bytes: Int
        private let draft: SealedDraft

        fileprivate init(_ draft: SealedDraft, replacing path: String) {
            self.draft = draft
            bytesBefore = FileManager.default.size(of: path)
            bytes = FileManager.default.size(of: draft.path)
        }

        /// A commit says that the run is sealed: from now on the file is needed.
        func keep() { draft.isKept.store(true, ordering: .releasing) }
    }

    /// The file that a run is sealed into, by one caller at a time: another's would take its name away.
    fileprivate final class SealedDraft: Sendable {
        let path: String
        let isKept = Atomic(false)
        private let claim: Claims.Claim

        init(_ path: String, _ claim: Claims.Claim) {
            self.path = path
            self.claim = claim
            unsafe unlink(path)
        }

        deinit { if !isKept.load(ordering: .acquiring) { unsafe unlink(path) } }
    }

    /// Writes a run's arrays anew beside its file, and compares them with what they were.
    func makeSealed(_ runID: String, createdAt: String) async throws -> Sealed {
        let target = path(runID) + Self.suffix
        guard let claim = claims.take(target) else {
            throw WireError(.overloaded, "run \"\(runID)\" is being sealed already; ask again when that is done")
        }
        let draft = SealedDraft(target, claim)
        let specs = try await withFile(of: runID) { file throws(HDF5Error) in
            var specs: [(spec: DatasetSpec, rows: Int)] = []
            for spec in try file?.datasets ?? [] { specs.append((spec, try file?.rows(of: spec.name) ?? 0)) }
            return specs
        }
        let file = try await onExecutor(runID) { [executor] () throws(HDF5Error) in
            try RunFile.create(
                target,
                attributes: [
                    ("run_id", runID), ("created_at", createdAt), ("version", "holdfast/\(holdfastVersion)"),
                ],
                compression: Self.sealedCompression,
                datasets: specs.map(\.spec),
                on: executor
            )
        }
        for (spec, rows) in specs { try await copy(spec, rows: rows, of: runID, to: file) }
        try await onExecutor(runID) { () throws(HDF5Error) in try file.close() }
        let copy = try await onExecutor(runID) { [executor] () throws(HDF5Error) in
            try RunFile.openReadOnly(target, on: executor)
        }
        for (spec, rows) in specs { try await compare(spec, rows: rows, of: runID, with: copy) }
        try await onExecutor(runID) { () throws(HDF5Error) in try copy.close() }
        return Sealed(draft, replacing: path(runID))
    }

    private func onExecutor<Value: Sendable>(
        _ runID: String,
        _ body: @escaping @Sendable () throws(HDF5Error) -> Value
    ) async throws -> Value {
        try await withFile(of: runID) { _ throws(HDF5Error) in try body() }
    }

    private func copy(_ spec: DatasetSpec, rows: Int, of runID: String, to file: RunFile) async throws {
        let step = spec.storage == .chunkPerRow ? Self.rowsPerStep : Self.valuesPerStep
        for start in stride(from: 0, to: rows, by: step) {
            let range = start..<min(start + step, rows)
            let column: Column
            if spec.storage == .chunkPerRow {
                let raw = try await rawRows(spec, range, of: runID)
                let codec = RowCodec()
                let encoded = try await pool.map(raw) { index, bytes in
                    (
                        index,
                        unsafe bytes.withUnsafeReadableBytes { unsafe codec.encode($0, with: Self.sealedCompression) }
                    )
                }
                column = Column(spec: spec, extent: range.upperBound, payload: .rows(encoded))
            } else {
                let bytes = try await block(spec, range, of: runID)
                column = Column(spec: spec, extent: range.upperBound, payload: .block(start: start, bytes: bytes))
            }
            try await onExecutor(runID) { () throws(HDF5Error) in
                try file.append([column])
                try file.flush()
            }
        }
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
        let step = spec.storage == .chunkPerRow ? Self.rowsPerStep : Self.valuesPerStep
        let differs = WireError(
            .internalError,
            "the arrays of run \"\(runID)\" could not be written anew: /\(spec.name) differs; the run is as it was"
        )
        for start in stride(from: 0, to: rows, by: step) {
            let range = start..<min(start + step, rows)
            guard spec.storage == .chunkPerRow else {
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
            let codec = RowCodec()
            let decoded = try await pool.map(present) { index, row in
                (index, try codec.decode(row, with: Self.sealedCompression, layout: spec.layout))
            }
            let expected = try await rawRows(spec, range, of: runID)
            guard decoded.count == expected.count,
                zip(decoded, expected).allSatisfy({ $0.0 == $1.0 && $0.1 == $1.1 })
            else { throw differs }
        }
    }

    /// Puts the sealed file in the place of a run's; on the writer's thread, after the commit that says so.
    func replaceBySealed(_ runID: String) {
        do throws(HDF5Error) { try replace(runID, by: path(runID) + Self.suffix) } catch {
            logger.error("a sealed file could not take its place", metadata: ["run": "\(runID)", "error": "\(error)"])
        }
    }

    /// At start-up: finishes what a commit says was sealed, and removes what was not finished.
    func finishSealing(isSealed: (String) throws -> Bool) rethrows {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        where name.hasSuffix(".h5" + Self.suffix) {
            let runID = String(name.dropLast(3 + Self.suffix.count))
            if try isSealed(runID) {
                replaceBySealed(runID)
            } else {
                try? FileManager.default.removeItem(atPath: "\(directory)/\(name)")
            }
        }
    }

    /// Puts a file in the place of a run's; on the writer's thread.
    func replace(_ runID: String, by source: String) throws(HDF5Error) {
        let target = path(runID)
        willReplace(runID)
        try executor.sync { () throws(HDF5Error) in
            // In one job, so that no reader opens the old one in between.
            try open.close(runID)
            guard unsafe rename(source, target) == 0 else {
                throw HDF5Error(.failed, "rename", source, "it could not take the place of \(target)", errno: errno)
            }
        }
        try? FileManager.default.synchronize(directory)
    }
}
