import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Wire

/// The HTTP door: the methods as `POST /rpc`, pictures, the page, login and health.
struct HTTPDoor {
    let dispatcher: Dispatcher
    let logins: Logins
    let readiness: Readiness
    let databaseID: String
    let meters: Meters
    let log: RequestLog
    let limits: FrameLimits
    /// Whether it speaks TLS.
    let isSecure: Bool
    /// Names under which the server may be addressed.
    let allowedHosts: [String]
    /// The folder of the page's files; nil serves no page.
    let webFolder: String?
    /// Routes of the domains.
    let routes: [@Sendable (RouterGroup<DoorContext>) -> Void]

    /// The page's files are asked for again each time, and answered with "not modified" by their tags.
    private static let cacheControl: [(MediaType, [CacheControl.Value])] = [
        (.init(type: .any), [.noCache])
    ]

    func makeRouter() -> Router<DoorContext> {
        let router = Router(context: DoorContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RouteMeasurement(meter: meters.routes))
        router.add(middleware: SecurityHeaders())
        router.add(middleware: ErrorShape())
        router.add(middleware: HostCheck(allowedHosts: allowedHosts))
        if let webFolder {
            // The page's files are small, and what the file middleware makes of odd ranges is not HTTP.
            router.add(middleware: WholeFiles())
            router.add(
                middleware: FileMiddleware(
                    webFolder,
                    cacheControl: .init(Self.cacheControl),
                    searchForIndexHtml: true,
                    logger: Logger(label: "holdfast.web")
                )
            )
        }
        HealthRoutes(readiness: readiness).add(to: router)
        let login = LoginRoutes(logins: logins, isSecure: isSecure)
        router.post("/login") { request, context in try await login.login(request, context) }
        router.post("/logout") { request, context in login.logout(request, context) }
        let guarded = router.group().add(middleware: Authentication(logins: logins))
        guarded.post("/rpc") { request, context in try await rpc(request, context) }
        // Whoever opens it in a browser would otherwise be told that it does not exist.
        router.get("/rpc") { _, _ -> Response in throw Self.isForPosts }
        let readable = guarded.group().add(middleware: RoleCheck(role: .read))
        for add in routes { add(readable) }
        return router
    }

    /// In answers the id of the database; in requests of who wants no other, as of a page that outlives a server.
    private static let database = HTTPField.Name("holdfast-database")

    private static var isOther: WireError {
        WireError("other_database", "another database is served here now; nothing was done", isFinal: false)
    }

    private static var isForPosts: HTTPFailure {
        var failure = HTTPFailure(
            .methodNotAllowed,
            .invalidRequest,
            "/rpc takes POST only, with a JSON-RPC request as the body and content-type application/json"
        )
        failure.headers[.allow] = "POST"
        return failure
    }

    private func rpc(
        _ request: Hummingbird.Request,
        _ context: DoorContext
    ) async throws -> Hummingbird.Response {
        guard request.headers[.contentType]?.split(separator: ";").first?.lowercased() == "application/json" else {
            throw HTTPFailure(
                .unsupportedMediaType,
                .invalidRequest,
                "POST /rpc takes content-type application/json only"
            )
        }
        let body = try await request.body.collect(upTo: limits.payload)
        let meant = Self.database.flatMap { request.headers[$0] } ?? databaseID
        let response =
            meant == databaseID
            ? await respond(to: body, context.access, context.address(of: request), log.of(context.remoteAddress))
            : refusal(Self.isOther, id: nil)
        var headers: HTTPFields = [.contentType: "application/json"]
        if let name = Self.database { headers[name] = databaseID }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: try response.payload()))
    }

    private func respond(
        to body: ByteBuffer,
        _ access: Access,
        _ address: String?,
        _ log: RequestLog
    ) async -> Wire.Response {
        do {
            let request = try Wire.Request(try frame(body))
            let measurement = meters.http.requests.begin(request, log)
            let outcome = await outcome(of: request, access, address)
            measurement.end(outcome)
            return .init(id: request.id, outcome: outcome)
        } catch let failure as RequestFailure {
            return refusal(failure.error, id: failure.id)
        } catch {
            return refusal(MethodTable.wireError(error), id: nil)
        }
    }

    private func outcome(
        of request: Wire.Request,
        _ access: Access,
        _ address: String?
    ) async -> Wire.Response.Outcome {
        guard request.method != Hello.name else { return .failure(.invalidParams("hello is for the TCP door")) }
        let context = CallContext(
            arrayEncoding: .base64,
            limits: limits,
            access: access,
            address: address,
            earlierWrites: {}
        )
        return await dispatcher.outcome(of: request, context)
    }

    /// The answer to what could not be read as a request.
    private func refusal(_ error: WireError, id: Wire.RequestID?) -> Wire.Response {
        meters.http.requests.refuse(error)
        return .init(id: id, outcome: .failure(error))
    }

    private func frame(_ body: ByteBuffer) throws -> Frame {
        guard body.readableBytes > 0 else { throw WireError(.parseError, "the body is empty") }
        return try Frame(payload: body)
    }
}

/// Answers requests for a part with the whole, as HTTP allows.
private struct WholeFiles<Context: Hummingbird.RequestContext>: RouterMiddleware {
    func handle(
        _ request: Hummingbird.Request,
        context: Context,
        next: @concurrent (Hummingbird.Request, Context) async throws -> Hummingbird.Response
    ) async throws -> Hummingbird.Response {
        var head = request.head
        head.headerFields[.range] = nil
        let request = Hummingbird.Request(head: head, body: request.body)
        return try await next(request, context)
    }
}
