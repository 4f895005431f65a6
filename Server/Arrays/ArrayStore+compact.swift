import Foundation
import HDF5
import Wire

extension ArrayStore {
    private static let rowsPerStep = 64
    private static let compactingSuffix = ".compacting"

    /// Behind the names of files that are to take the place of a run's and are not finished, and of repairs that are not.
    static let unfinishedSuffixes = [sealingSuffix, compactingSuffix, Draft.suffix, RepairLog.suffix]

    /// A file that has only the live rows of a run's one dataset, at their places; to take the place of the run's file.
    struct Compacted: Sendable {
        fileprivate let runID: String
        fileprivate let spec: DatasetSpec
        fileprivate let file: RunFile
        /// Nobody else makes one meanwhile, who would take the file's name away.
        fileprivate let claim: Claims.Claim
        /// The rows that it has.
        fileprivate var copied: Set<Range<Int>> = []
    }

    /// Makes an empty file beside a run's; nil where that has none.
    ///
    /// Rows keep their places, so that nothing that refers to them has to change: a dead one becomes a row that was never
    /// written, which takes no space.
    func beginCompaction(of runID: String, createdAt: String) async throws -> Compacted? {
        let target = path(runID) + Self.compactingSuffix
        guard let claim = claims.take(target) else {
            throw WireError(.overloaded, "the array file is being compacted already; ask again when that is done")
        }
        removeCompacted(runID)
        return try await withFile(of: runID) { [executor] file throws(HDF5Error) in
            guard let file, let spec = try file.datasets.first else { return nil }
            let copy = try RunFile.create(
                target,
                attributes: [
                    ("run_id", runID), ("created_at", createdAt), ("version", "holdfast/\(holdfastVersion)"),
                ],
                compression: file.compression,
                datasets: [spec],
                on: executor
            )
            return Compacted(runID: runID, spec: spec, file: copy, claim: claim)
        }
    }

    /// Copies the live rows that the new file does not have yet.
    func copy(_ live: [Range<Int>], to made: inout Compacted) async throws {
        for range in live where !made.copied.contains(range) {
            for rows in Self.steps(of: range) {
                try await withFile(of: made.runID) { [made] file throws(HDF5Error) in
                    try Self.copy(rows, of: file, to: made)
                }
            }
            made.copied.insert(range)
        }
    }

    private static func steps(of range: Range<Int>) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: rowsPerStep).map {
            $0..<min($0 + rowsPerStep, range.upperBound)
        }
    }

    /// Copies rows as they are stored, and compares what was written.
    private static func copy(_ rows: Range<Int>, of file: RunFile?, to made: Compacted) throws(HDF5Error) {
        guard let file else { return }
        let stored = try file.storedRows(made.spec.name, Array(rows))
        let present = zip(rows, stored).compactMap { index, row in row.map { (index, $0.chunk) } }
        try made.file.append([Column(spec: made.spec, extent: rows.upperBound, payload: .chunks(present))])
        try made.file.flush()
        let written = try made.file.storedRows(made.spec.name, present.map(\.0))
        guard zip(written, present).allSatisfy({ $0?.chunk.bytes == $1.1.bytes }) else {
            throw HDF5Error(.failed, "compact", file.path, "the copy differs; the file is as it was")
        }
    }

    /// Puts the new file in the place of the run's, with what was added meanwhile. For the writer's thread, between two
    /// commits; whoever is killed before leaves the old file, which is as good.
    ///
    /// - Parameter rows: How many rows are committed, dead ones too.
    func finish(_ made: Compacted, live: [Range<Int>], rows: Int) throws {
        try executor.sync { () throws(HDF5Error) in
            let file = try openForReading(made.runID)
            for range in live where !made.copied.contains(range) {
                for rows in Self.steps(of: range) { try Self.copy(rows, of: file, to: made) }
            }
            try made.file.append([Column(spec: made.spec, extent: rows, payload: .chunks([]))])
            try made.file.close()
        }
        try replace(made.runID, by: path(made.runID) + Self.compactingSuffix)
    }

    /// Removes what a compaction left that did not come to its end.
    func removeCompacted(_ runID: String) {
        let unfinished = path(runID) + Self.compactingSuffix
        for path in [unfinished, unfinished + Draft.suffix] { try? FileManager.default.removeItem(atPath: path) }
    }
}
