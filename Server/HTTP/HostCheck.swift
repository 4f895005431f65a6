import HTTPTypes
import Hummingbird
import Wire

/// Refuses requests that name another host or come from another origin: a page elsewhere whose name was pointed at this
/// address (DNS rebinding) must neither read nor write.
struct HostCheck<Context: Hummingbird.RequestContext>: RouterMiddleware {
    private let allowedHosts: Set<String>

    init(allowedHosts: [String]) {
        self.allowedHosts = Set(["localhost", "127.0.0.1", "[::1]"] + allowedHosts.map { $0.lowercased() })
    }

    func handle(
        _ request: Hummingbird.Request,
        context: Context,
        next: @concurrent (Hummingbird.Request, Context) async throws -> Hummingbird.Response
    ) async throws -> Hummingbird.Response {
        // The first Host is the authority; another one left among the fields could be meant for somebody else.
        guard !request.headers.contains(where: { $0.name.canonicalName == "host" }) else {
            throw HTTPFailure(.badRequest, .invalidRequest, "the request has more than one Host")
        }
        guard !request.uri.path.contains("%00") else {
            throw HTTPFailure(.badRequest, .invalidRequest, "the path has a NUL")
        }
        let authority = request.head.authority ?? ""
        guard allowedHosts.contains(Self.host(of: authority)) else {
            throw HTTPFailure(
                .misdirectedRequest,
                "host_not_allowed",
                "host \"\(authority.prefix(100))\" is not one of this server's; allow it with --allowed-host"
            )
        }
        if request.method != .get, request.method != .head, let origin = request.headers[.origin] {
            let parts = origin.split(separator: "/", omittingEmptySubsequences: true)
            guard parts.count == 2, parts[0] == "http:" || parts[0] == "https:", parts[1] == authority else {
                throw HTTPFailure(
                    .forbidden,
                    "origin_not_allowed",
                    "origin \"\(origin.prefix(100))\" is not this server"
                )
            }
        }
        return try await next(request, context)
    }

    private static func host(of authority: String) -> String {
        let authority = authority.lowercased()
        var end = authority.firstIndex(of: ":") ?? authority.endIndex
        if authority.hasPrefix("["), let bracket = authority.firstIndex(of: "]") {
            end = authority.index(after: bracket)
        }
        // Behind it only a port may come, lest what one reader takes for the host is another's user name.
        let port = authority[end...]
        guard port.isEmpty || (port.first == ":" && port.dropFirst().allSatisfy(\.isWholeNumber)) else { return "" }
        return String(authority[..<end])
    }
}
