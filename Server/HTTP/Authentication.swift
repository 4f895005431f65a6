import Hummingbird
import Wire

/// Lets requests through that have the token or a login's cookie.
struct Authentication<Context: Hummingbird.RequestContext>: RouterMiddleware {
    let gate: Gate

    func handle(
        _ request: Hummingbird.Request,
        context: Context,
        next: @concurrent (Hummingbird.Request, Context) async throws -> Hummingbird.Response
    ) async throws -> Hummingbird.Response {
        guard isAdmitted(request) else {
            var failure = HTTPFailure(
                .unauthorized,
                .unauthorized,
                "a token is needed: log in, or send Authorization: Bearer TOKEN"
            )
            failure.headers[.wwwAuthenticate] = "Bearer"
            throw failure
        }
        return try await next(request, context)
    }

    private func isAdmitted(_ request: Hummingbird.Request) -> Bool {
        guard gate.needsToken else { return true }
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" && gate.admits(String(parts[1]))
        }
        return LoginRoutes.session(of: request).map { gate.admits(session: $0, at: Timestamp.now()) } ?? false
    }
}
