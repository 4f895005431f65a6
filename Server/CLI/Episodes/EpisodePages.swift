import Holdfast

/// The steps of an episode, a page of moderate size at a time: of large arrays fewer steps.
struct EpisodePages {
    private static let pageBytes = 8 << 20
    private static let maximumSteps = 1000
    /// How much larger a page may be than the one before: the next arrays may be larger than the last ones.
    private static let growth = 8

    private let client: HoldfastClient
    private let episodeID: String
    private let arrays: [EpisodesSteps.Column]
    private var limit: Int
    private var cursor: String?
    private var isAtEnd = false

    init(_ episodeID: String, arrays: [EpisodesSteps.Column], client: HoldfastClient) {
        self.client = client
        self.episodeID = episodeID
        self.arrays = arrays
        limit = arrays.isEmpty ? Self.maximumSteps : 1
    }

    /// The next steps; nil behind the last.
    mutating func next() async throws -> EpisodePage? {
        guard !isAtEnd else { return nil }
        let result = try await read()
        cursor = result.cursor
        isAtEnd = result.cursor == nil
        guard !result.steps.isEmpty else { return nil }
        let page = try EpisodePage(result)
        let room = Self.pageBytes / max(1, page.bytes / page.steps.count)
        limit = max(1, min(room, limit * Self.growth, Self.maximumSteps))
        return page
    }

    private mutating func read() async throws -> EpisodesSteps.Result {
        while true {
            try Task.checkCancellation()
            do {
                return try await client.steps(ofEpisode: episodeID, arrays: arrays, limit: limit, cursor: cursor)
            } catch let error as WireError where error.kind == .resultTooLarge && limit > 1 {
                limit /= 2
            }
        }
    }
}
