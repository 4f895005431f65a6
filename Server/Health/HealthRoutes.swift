import Hummingbird
import NIOCore
import Wire

/// `/healthz/live` and `/healthz/ready`, for whoever restarts servers and whoever sends them requests; without a token.
struct HealthRoutes: Sendable {
    private struct Status: Encodable {
        let status: String
        var reason: String?
        var message: String?
    }

    let readiness: Readiness

    /// The door opens after the data directory is opened and repaired: who gets an answer at all talks to a live server.
    func add(to router: Router<DoorContext>) {
        for path: RouterPath in ["/healthz", "/healthz/live"] {
            router.get(path) { _, _ in try Self.response(.ok, Status(status: "ok")) }
        }
        router.get("/healthz/ready") { _, _ in
            guard let obstacle = await readiness.obstacle() else {
                return try Self.response(.ok, Status(status: "ready"))
            }
            let status = Status(status: "not_ready", reason: obstacle.reason, message: obstacle.message)
            return try Self.response(.serviceUnavailable, status)
        }
    }

    private static func response(_ code: HTTPResponse.Status, _ status: Status) throws -> Response {
        var body = try JSONCoding.encode(status)
        body.writeString("\n")
        return Response(
            status: code,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: body)
        )
    }
}
