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

    /// Whether there is an array behind a reference.
    public func hasFrame(_ ref: String) async throws -> Bool { try await resolve([ref]).first != .some(nil) }

    /// An episode from its first step to its last, page by page as they are asked for.
    ///
    /// - Parameter pageSize: Steps a page; with their arrays one must fit into the server's limit.
    public func replay(
        _ episodeID: String,
        arrays: [EpisodesSteps.Column] = [.frame],
        pageSize: Int = 200
    ) -> AsyncThrowingStream<EpisodesSteps.Result, any Error> {
        let pages = Pages(client: self, episodeID: episodeID, arrays: arrays, size: pageSize)
        return AsyncThrowingStream { try await pages.next() }
    }

    /// The pages of an episode, one after the other.
    private actor Pages {
        private let client: HoldfastClient
        private let episodeID: String
        private let arrays: [EpisodesSteps.Column]
        private let size: Int
        private var cursor: String?
        private var isOver = false

        init(client: HoldfastClient, episodeID: String, arrays: [EpisodesSteps.Column], size: Int) {
            self.client = client
            self.episodeID = episodeID
            self.arrays = arrays
            self.size = size
        }

        func next() async throws -> EpisodesSteps.Result? {
            guard !isOver else { return nil }
            let page = try await client.call(
                EpisodesSteps(
                    episodeID: episodeID,
                    limit: size,
                    cursor: cursor,
                    arrays: arrays.isEmpty ? nil : arrays
                )
            )
            cursor = page.cursor
            isOver = page.cursor == nil
            return page
        }
    }

    /// A random training batch; see ``StepsSample``.
    public func sample(_ sample: StepsSample) async throws -> StepsSample.Result { try await call(sample) }

    /// Random training batches without end, the next one drawn while one is used.
    ///
    /// - Parameter ahead: How many batches are drawn before they are asked for.
    public func samples(
        _ sample: StepsSample,
        ahead: Int = 2
    ) -> AsyncThrowingStream<StepsSample.Result, any Error> {
        let draws = Draws(client: self, sample: sample, ahead: ahead)
        return AsyncThrowingStream { try await draws.next() }
    }

    /// Draws on their way.
    private actor Draws {
        private let client: HoldfastClient
        private var sample: StepsSample
        private let ahead: Int
        private var waiting: [Task<StepsSample.Result, any Error>] = []

        init(client: HoldfastClient, sample: StepsSample, ahead: Int) {
            self.client = client
            self.sample = sample
            self.ahead = max(1, ahead)
        }

        func next() async throws -> StepsSample.Result {
            while waiting.count <= ahead {
                let draw = sample
                // Every draw of a seeded series has a seed of its own.
                if let seed = sample.seed { sample.seed = seed &+ 1 }
                waiting.append(Task { [client] in try await client.call(draw) })
            }
            return try await waiting.removeFirst().value
        }
    }

    /// Checks a run's references against its array file; see ``RefsValidate``.
    public func validate(run runID: String, decode: Bool = false) async throws -> RefsValidate.Result {
        try await call(RefsValidate(runID: runID, decode: decode ? true : nil))
    }
}
