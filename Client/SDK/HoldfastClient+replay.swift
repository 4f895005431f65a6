import Wire

extension HoldfastClient {
    /// The runs, the latest first, a page at a time.
    public func runs(limit: Int? = nil, cursor: String? = nil) async throws -> RunsList.Result {
        try await call(RunsList(limit: limit, cursor: cursor))
    }

    /// One run, as the server knows it.
    public func run(_ id: String) async throws -> Run { try await call(RunsGet(runID: id)) }

    /// Episodes of one run or of all, a page at a time.
    public func episodes(
        ofRun runID: String? = nil,
        order: EpisodesList.Order? = nil,
        descending: Bool? = nil,
        limit: Int? = nil,
        cursor: String? = nil
    ) async throws -> EpisodesList.Result {
        try await call(
            EpisodesList(runID: runID, order: order, descending: descending, limit: limit, cursor: cursor)
        )
    }

    /// Steps of an episode by their index, a page at a time.
    ///
    /// - Parameters:
    ///   - range: Of step indices.
    ///   - arrays: Which arrays to return with them, stacked to (n, …).
    public func steps(
        ofEpisode episodeID: String,
        in range: Range<Int>? = nil,
        arrays: [EpisodesSteps.Column] = [],
        limit: Int? = nil,
        cursor: String? = nil
    ) async throws -> EpisodesSteps.Result {
        try await call(
            EpisodesSteps(
                episodeID: episodeID,
                from: range.map { Int64($0.lowerBound) },
                to: range.map { Int64($0.upperBound) },
                limit: limit,
                cursor: cursor,
                arrays: arrays.isEmpty ? nil : arrays
            )
        )
    }

    /// Steps of a run in the order of arrival, a page at a time.
    public func steps(
        ofRun runID: String,
        arrays: [EpisodesSteps.Column] = [],
        limit: Int? = nil,
        cursor: String? = nil
    ) async throws -> EpisodesSteps.Result {
        try await call(
            EpisodesSteps(runID: runID, limit: limit, cursor: cursor, arrays: arrays.isEmpty ? nil : arrays)
        )
    }

    /// The arrays behind references such as `h5://run/frames/7`, in their order; nil where there is none.
    public func resolve(_ refs: [String]) async throws -> [ArrayValue?] {
        switch try await call(FramesResolve(refs: refs, missing: .null)).frames {
        case .separate(let arrays): return arrays
        case .stacked: throw Self.unexpectedFrames
        }
    }

    /// The arrays behind references as one array (n, …); all must exist and have one dtype and shape.
    public func resolveStacked(_ refs: [String]) async throws -> ArrayValue {
        switch try await call(FramesResolve(refs: refs, stack: true)).frames {
        case .stacked(let array): return array
        case .separate: throw Self.unexpectedFrames
        }
    }

    private static var unexpectedFrames: HoldfastError {
        HoldfastError(.protocolViolation, "frames.resolve answered in the form that was not asked for")
    }
}
