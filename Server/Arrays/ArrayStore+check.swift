import HDF5
import Wire

extension ArrayStore {
    /// What lies behind a reference.
    enum Finding: Sendable {
        case whole
        case missing
        /// Bytes that are no compressed row.
        case undecodable
    }

    /// The rows of each dataset of a run's file; none without a file.
    func rows(ofRun runID: String) async throws -> [String: Int] {
        try await withFile(of: runID) { file throws(HDF5Error) in
            var rows: [String: Int] = [:]
            for spec in try file?.datasets ?? [] { rows[spec.name] = try file?.rows(of: spec.name) }
            return rows
        }
    }

    /// What lies behind references, in their order.
    func check(_ refs: [FrameRef], decode: Bool) async throws -> [Finding] {
        var findings: [Finding] = []
        for ref in refs {
            do {
                let isThere = decode ? try await read([ref]).contains { $0 != nil } : try await has(ref)
                findings.append(isThere ? .whole : .missing)
            } catch {
                findings.append(.undecodable)
            }
        }
        return findings
    }

    private func has(_ ref: FrameRef) async throws -> Bool {
        try await withFile(of: ref.runID) { file throws(HDF5Error) in
            guard let file, let spec = try file.spec(of: ref.dataset) else { return false }
            guard !spec.storage.isPlain else { return try ref.index < file.rows(of: ref.dataset) }
            return try file.has(ref.dataset, ref.index)
        }
    }
}
