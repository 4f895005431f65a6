/// One episode.
public struct EpisodesGet: Method {
    public static let name = "episodes.get"
    public static let effect = MethodEffect.read

    public var episodeID: String

    public init(episodeID: String) { self.episodeID = episodeID }

    private enum CodingKeys: String, CodingKey {
        case episodeID = "episode_id"
    }

    public typealias Result = Episode
}
