import Holdfast

extension MinariLayout {
    /// Looks at the first steps of an episode that have arrays.
    init(of episode: Episode, client: HoldfastClient) async throws {
        var pages = EpisodePages(episode.episodeID, arrays: [], client: client)
        var (observed, framed): (Int64?, Int64?)
        while observed == nil || framed == nil, let page = try await pages.next() {
            observed = observed ?? page.steps.first { $0.obsRef != nil }?.stepIndex
            framed = framed ?? page.steps.first { $0.frameRef != nil }?.stepIndex
        }
        var observations: [String: Entry] = [:]
        if let page = try await Self.page(episode, observed, .observation, client) {
            observations = page.observations.mapValues { Entry(dtype: $0.dtype, shape: $0.shape) }
        }
        let frames = try await Self.page(episode, framed, .frame, client)?.frames
        let first = try await client.steps(ofEpisode: episode.episodeID, arrays: [.action], limit: 1)
        let actions = try EpisodePage(first).actions
        let isDiscrete = actions == nil || actions?.dtype == .int64 && actions?.shape == []
        guard
            let layout = MinariLayout(
                observations: observations,
                frames: frames.map { Entry(dtype: $0.dtype, shape: $0.shape) },
                actions: isDiscrete ? nil : actions.map { Entry(dtype: $0.dtype, shape: $0.shape) }
            )
        else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "episode \"\(episode.episodeID)\" has neither observations nor frames, which Minari needs"
            )
        }
        self = layout
    }

    private static func page(
        _ episode: Episode,
        _ step: Int64?,
        _ array: EpisodesSteps.Column,
        _ client: HoldfastClient
    ) async throws -> EpisodePage? {
        guard let step = step.map({ Int($0) }) else { return nil }
        return try EpisodePage(
            await client.steps(ofEpisode: episode.episodeID, in: step..<(step + 1), arrays: [array])
        )
    }
}
