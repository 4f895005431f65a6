import Foundation
import Hummingbird
import Logging
import NIOCore
import Wire

/// Exchanges the token for a cookie that scripts can't read and other sites can't use.
struct LoginRoutes: Sendable {
    static let cookie = "holdfast_session"

    let logins: Logins
    /// Whether the door speaks TLS; the cookie is then never sent without.
    let isSecure: Bool

    private struct Login: Decodable {
        let token: String
    }

    func login(_ request: Hummingbird.Request, _ context: DoorContext) async throws -> Hummingbird.Response {
        guard request.headers[.contentType]?.split(separator: ";").first?.lowercased() == "application/json" else {
            throw HTTPFailure(
                .unsupportedMediaType,
                .invalidRequest,
                "POST /login takes content-type application/json only"
            )
        }
        guard logins.gate.takesTokens else {
            throw HTTPFailure(.badRequest, .invalidRequest, "this server needs no token: the dashboard is open to all")
        }
        let body = try await request.body.collect(upTo: 16 << 10)
        let login = try JSONCoding.decode(Login.self, from: body)
        let address = context.address(of: request)
        let session = try Authentication.asHTTP {
            try logins.admit(from: address, "browser") {
                let session = logins.gate.makeSession(token: login.token, at: Timestamp.now())
                if session != nil, let access = logins.gate.access(token: login.token) {
                    logins.audit.record(.login(access, from: address, "browser"))
                }
                return session
            }
        }
        return answer(cookie: "\(session); Max-Age=\(Gate.sessionSeconds)")
    }

    func logout(_ request: Hummingbird.Request, _ context: DoorContext) -> Hummingbird.Response {
        do {
            if let session = Self.session(of: request) { try logins.gate.end(session: session, at: Timestamp.now()) }
        } catch {
            context.logger.error(
                "that a session ended can't be stored: it may be used again after a restart",
                metadata: ["error": "\(error.localizedDescription)"]
            )
        }
        return answer(cookie: "; Max-Age=0")
    }

    /// The value of the login's cookie, if the request has one.
    static func session(of request: Hummingbird.Request) -> String? {
        for cookie in request.headers[values: .cookie].flatMap({ $0.split(separator: ";") }) {
            let parts = cookie.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].trimmingPrefix(while: { $0 == " " }) == Self.cookie {
                return String(parts[1])
            }
        }
        return nil
    }

    private func answer(cookie: String) -> Hummingbird.Response {
        Response(
            status: .noContent,
            headers: [
                .setCookie:
                    "\(Self.cookie)=\(cookie); Path=/; HttpOnly; SameSite=Strict\(isSecure ? "; Secure" : "")",
                .cacheControl: "no-store",
            ]
        )
    }
}
