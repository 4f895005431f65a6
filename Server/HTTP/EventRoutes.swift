import Hummingbird
import NIOCore
import ServiceLifecycle
import Wire

/// `GET /events`: server-sent events, one named for each topic that changed, at most a few a second.
struct EventRoutes: Sendable {
    /// What comes faster is told once.
    static let pause = Duration.milliseconds(200)

    /// What an event carries.
    private struct Payload: Encodable {
        let runIDs: [String]

        private enum CodingKeys: String, CodingKey {
            case runIDs = "run_ids"
        }
    }

    let announcements: Announcements

    func add(to group: RouterGroup<DoorContext>) {
        group.get("/events") { request, context in
            let changes = announcements.listen()
            return ServerSentEvent.response(to: request) { writer in
                for await changes in changes.cancelOnGracefulShutdown() {
                    try context.access.check(.read, for: "/events")
                    for change in changes {
                        let payload = try JSONCoding.encode(Payload(runIDs: change.runs.sorted()))
                        try await writer.write(ServerSentEvent.bytes(change.topic.rawValue, payload))
                    }
                    if changes.isEmpty { try await writer.write(ServerSentEvent.heartbeat) }
                    try await ContinuousClock().sleep(for: Self.pause)
                }
            }
        }
    }
}
