import Foundation
import Wire

extension Provenance {
    /// `variables.compact`
    func compact() async throws -> @Sendable (WriteTransaction) throws -> VariablesCompact.Result {
        let runID = RunID.variables
        let before = FileManager.default.size(of: arrays.path(runID))
        let startedAt = try await catalog.read { try RunStore.state(runID, $0).startedAt }
        guard var made = try await arrays.beginCompaction(of: runID, createdAt: startedAt) else {
            return { _ in VariablesCompact.Result(bytesBefore: before, bytes: before) }
        }
        do {
            // Twice, so that little is left for the writer's turn, in which everybody else waits.
            for _ in 0..<2 {
                try await arrays.copy(try await catalog.read(Self.liveLeaves), to: &made)
            }
            try await catalog.writer.between { [catalog, arrays, made] in
                guard !catalog.isBeingCopied else {
                    throw WireError(.overloaded, "a backup is being made, which needs the file as it is; try again")
                }
                let (live, rows) = try catalog.readNow {
                    (try Self.liveLeaves($0), try RunStore.committedRows(runID, $0)[Leaves.dataset] ?? 0)
                }
                try arrays.finish(made, live: live, rows: rows)
            }
        } catch {
            arrays.removeCompacted(runID)
            throw error
        }
        let after = FileManager.default.size(of: arrays.path(runID))
        return { _ in VariablesCompact.Result(bytesBefore: before, bytes: after) }
    }

    /// The rows of the values that there are.
    @Sendable private static func liveLeaves(_ connection: Connection) throws -> [Range<Int>] {
        try connection.rows(
            "SELECT first_leaf, size FROM variable_contents WHERE first_leaf IS NOT NULL ORDER BY first_leaf"
        ) { row in row.int(0)..<row.int(0) + Leaves.count(of: row.int(1)) }
    }
}
