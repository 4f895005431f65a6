import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// `GET /episodes/{episode_id}/frames?from&to`: the frames of consecutive steps as raw bytes, for players.
///
/// The body is the frames one behind the other in C order, little-endian. Headers tell what they are: `X-Dtype`, `X-Shape`
/// (n, then the shape of one) and `X-Steps`, the step that each belongs to; steps without a frame are left out.
struct EpisodeFrames: Sendable {
    /// The most steps of a response.
    private static let mostSteps = 1000
    /// The most bytes of a response.
    private static let mostBytes = 64 << 20

    let replay: Replay

    func add(to group: RouterGroup<DoorContext>) {
        group.get("/episodes/:episode/frames") { request, context in
            let name = try context.parameters.require("episode")
            // An id may have a slash, which is written %2F here.
            return try await respond(name.removingPercentEncoding ?? name, request)
        }
    }

    private func respond(_ episodeID: String, _ request: Hummingbird.Request) async throws -> Hummingbird.Response {
        let from = try Self.number("from", request) ?? 0
        let to = try Self.number("to", request) ?? from + Int64(Self.mostSteps)
        guard from <= to else { throw WireError.invalidParams("from is \(from), which is beyond to, \(to)") }
        let steps = try await replay.frames(ofEpisode: episodeID, from: from, to: to, limit: Self.mostSteps)
        let rows = try await replay.arrays.stored(
            try steps.map { try FrameRef($0.ref) },
            atMost: Self.mostBytes
        )
        var headers: HTTPFields = [.contentType: "application/octet-stream", .cacheControl: "no-store"]
        func set(_ name: String, _ value: String) {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        let present = zip(steps, rows).filter { $0.1 != nil }
        set("X-Steps", present.map { String($0.0.index) }.joined(separator: ","))
        guard let array = try await replay.arrays.stack(rows.compactMap { $0 }) else {
            set("X-Shape", "0")
            return Response(status: .ok, headers: headers)
        }
        set("X-Dtype", array.dtype.rawValue)
        set("X-Shape", array.shape.map(String.init).joined(separator: ","))
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: array.bytes))
    }

    private static func number(_ name: String, _ request: Hummingbird.Request) throws -> Int64? {
        guard let text = request.uri.queryParameters.get(name) else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw WireError.invalidParams("\(name) must be a step's number, at least 0")
        }
        return number
    }
}

extension Replay {
    /// The references to frames of an episode's steps, `from ≤ step_index < to`.
    fileprivate func frames(
        ofEpisode episodeID: String,
        from: Int64,
        to: Int64,
        limit: Int
    ) async throws -> [(index: Int64, ref: String)] {
        try await catalog.read { connection in
            let isThere = try connection.first("SELECT 1 FROM episodes WHERE episode_id = ?", episodeID) { _ in true }
            guard isThere ?? false else { throw WireError.notFound("episode \"\(episodeID)\" does not exist") }
            return try connection.rows(
                """
                SELECT step_index, frame_ref FROM steps
                WHERE episode_id = ? AND step_index >= ? AND step_index < ? AND frame_ref IS NOT NULL
                ORDER BY step_index LIMIT ?
                """,
                [episodeID, from, to, limit]
            ) { ($0.integer(0), $0.string(1)) }
        }
    }
}
