import Hummingbird
import Wire

/// Lets requests through that have a token or a login's cookie.
struct Authentication: RouterMiddleware {
    let logins: Logins

    func handle(
        _ request: Hummingbird.Request,
        context: DoorContext,
        next: @concurrent (Hummingbird.Request, DoorContext) async throws -> Hummingbird.Response
    ) async throws -> Hummingbird.Response {
        var context = context
        context.access = try access(of: request, context)
        return try await next(request, context)
    }

    /// What the sender of a request may do, by its header or its login's cookie.
    private func access(of request: Hummingbird.Request, _ context: DoorContext) throws -> Access {
        let gate = logins.gate
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" {
                return try Self.asHTTP {
                    try logins.access(ofRequestWith: String(parts[1]), from: context.address(of: request), "HTTP")
                }
            }
        } else if let session = LoginRoutes.session(of: request) {
            if let access = gate.access(session: session, at: Timestamp.now()) { return access }
        }
        guard let access = gate.anonymous else { throw Self.failure() }
        return access
    }

    private static func failure() -> HTTPFailure {
        var failure = HTTPFailure(
            .unauthorized,
            .unauthorized,
            "a token is needed: log in, or send Authorization: Bearer TOKEN"
        )
        failure.headers[.wwwAuthenticate] = "Bearer"
        return failure
    }

    /// Gives the refusals of logins the status codes of HTTP.
    static func asHTTP<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as WireError where error.kind == .unauthorized {
            var failure = HTTPFailure(.unauthorized, error)
            failure.headers[.wwwAuthenticate] = "Bearer"
            throw failure
        } catch let error as WireError where error.kind == "too_many_logins" {
            var failure = HTTPFailure(.tooManyRequests, error)
            if case .number(let seconds)? = error.details["retry_after"] {
                failure.headers[.retryAfter] = String(Int(seconds.rounded(.up)))
            }
            throw failure
        }
    }
}

/// Lets requests through whose sender has a role.
struct RoleCheck: RouterMiddleware {
    let role: Role

    func handle(
        _ request: Hummingbird.Request,
        context: DoorContext,
        next: @concurrent (Hummingbird.Request, DoorContext) async throws -> Hummingbird.Response
    ) async throws -> Hummingbird.Response {
        try context.access.check(role, for: request.uri.path)
        return try await next(request, context)
    }
}
