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
        guard gate.access(of: request) != nil else {
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
}

extension Gate {
    /// What the sender of a request may do, by its header or its login's cookie; nil: nothing.
    func access(of request: Hummingbird.Request) -> Access? {
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return anonymous }
            return access(token: String(parts[1]))
        }
        return LoginRoutes.session(of: request).map { access(session: $0, at: Timestamp.now()) } ?? anonymous
    }
}
