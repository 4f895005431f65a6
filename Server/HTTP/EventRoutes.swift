import Hummingbird
import NIOCore
import ServiceLifecycle

/// `GET /events`: server-sent events, one named for each topic that changed, at most a few a second.
struct EventRoutes: Sendable {
    /// What comes faster is told once.
    private static let pause = Duration.milliseconds(200)

    let announcements: Announcements

    func add(to group: RouterGroup<BasicRequestContext>) {
        group.get("/events") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: .init { writer in
                    // So that the browser knows at once that it is connected.
                    try await writer.write(ByteBuffer(string: ": open\n\n"))
                    for await topic in announcements.listen().cancelOnGracefulShutdown() {
                        try await writer.write(ByteBuffer(string: "event: \(topic.rawValue)\ndata: {}\n\n"))
                        try await ContinuousClock().sleep(for: Self.pause)
                    }
                    try await writer.finish(nil)
                }
            )
        }
    }
}
