import Holdfast

/// Episodes by their ids, or all of some runs.
struct EpisodeSelection: Sendable {
    let runs: [String]
    let episodes: [String]

    /// One episode.
    static func episode(_ id: String, _ client: HoldfastClient) async throws -> Episode {
        do {
            return try await client.call(EpisodesGet(episodeID: id))
        } catch let error as WireError where error.kind == .notFound {
            let run = String(id.prefix { $0 != "/" })
            let page = try? await client.episodes(ofRun: run, limit: 3)
            var hint = "episode ids are those of the training code, such as RUN/0"
            if let page, !page.episodes.isEmpty {
                let ids = page.episodes.map { "\"\($0.episodeID)\"" }.joined(separator: ", ")
                hint = "run \"\(run)\" has \(ids)\(page.cursor == nil ? "" : ", …")"
            }
            throw CommandFailure(code: CommandFailure.other, message: "there is no episode \"\(id)\"; \(hint)")
        }
    }

    /// The episodes of the runs as they began, then those by id, each once.
    func resolve(_ client: HoldfastClient) async throws -> [Episode] {
        var found: [Episode] = []
        for run in runs { found += try await all(of: run, client) }
        for id in episodes { found.append(try await Self.episode(id, client)) }
        var seen: Set<[UInt8]> = []
        return found.filter { $0.steps > 0 && seen.insert(Array($0.episodeID.utf8)).inserted }
    }

    private func all(of run: String, _ client: HoldfastClient) async throws -> [Episode] {
        do {
            _ = try await client.run(run)
        } catch let error as WireError where error.kind == .notFound {
            throw CommandFailure(code: CommandFailure.other, message: "there is no run \"\(run)\"")
        }
        var found: [Episode] = []
        var cursor: String?
        repeat {
            let page = try await client.episodes(ofRun: run, limit: 1000, cursor: cursor)
            found += page.episodes
            cursor = page.cursor
        } while cursor != nil
        return found
    }
}
