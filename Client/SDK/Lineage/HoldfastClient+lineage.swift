public import Wire

extension HoldfastClient {
    /// What made a record.
    public func lineage(of recordID: String) async throws -> LineageNode {
        try await call(LineageGet(recordID: recordID))
    }

    /// What a record was computed from, directly and indirectly.
    ///
    /// - Parameter depth: How many steps back; by default all.
    public func upstream(of recordID: String, depth: Int? = nil) async throws -> LineageGraph {
        try await call(LineageUpstream(recordID: recordID, depth: depth))
    }

    /// What was computed from a record, directly and indirectly.
    ///
    /// - Parameter depth: How many steps on; by default all.
    public func downstream(of recordID: String, depth: Int? = nil) async throws -> LineageGraph {
        try await call(LineageDownstream(recordID: recordID, depth: depth))
    }

    /// Why a record was computed: what changed since the one before it at the same location, and which inputs have changed since.
    public func why(_ recordID: String) async throws -> LineageWhy.Result {
        try await call(LineageWhy(recordID: recordID))
    }
}
