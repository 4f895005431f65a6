import Synchronization
import Wire

/// Knows who may come in: whoever has the token of the server's start or one that was given out since, or everybody where
/// there is none. Where there is a token for the hold-out, only its holder and those whose token has that role may call the
/// methods of the vault.
struct Gate: Sendable {
    /// How long a browser stays logged in.
    static let sessionSeconds = 30 * 86_400

    let stored: StoredTokens
    private let general: TokenSecret?
    private let holdout: TokenSecret?
    let sessionKey: SessionKey
    private let ended: EndedSessions

    /// - Parameters:
    ///   - token: nil lets everybody in.
    ///   - holdoutToken: nil opens the vault to everybody who is let in.
    ///   - stored: Those that were given out.
    ///   - sessionKey: What sessions are signed with.
    ///   - ended: Those that were logged out of.
    init(
        token: String?,
        holdoutToken: String? = nil,
        stored: StoredTokens = StoredTokens(),
        sessionKey: SessionKey = SessionKey(),
        ended: EndedSessions = EndedSessions()
    ) {
        general = token.map { TokenSecret($0, sessionKey) }
        holdout = holdoutToken.map { TokenSecret($0, sessionKey) }
        self.sessionKey = sessionKey
        self.stored = stored
        self.ended = ended
    }

    var needsToken: Bool { general != nil || !stored.isEmpty }

    /// Whether somebody would be let in who may give out tokens, if nobody came in without one.
    var hasAdmin: Bool { general != nil || holdout != nil || stored.hasAdmin }

    /// What a caller without any token may do; nil: nothing.
    /// Whether anybody gets more with a token than without.
    var takesTokens: Bool { needsToken || holdout != nil }
    var anonymous: Access? { needsToken ? nil : generalAccess }

    private var generalAccess: Access { holdout == nil ? .holdout : .general }

    /// What the holder of a token may do; nil: nothing. Digests are compared in constant time.
    func access(token: String?) -> Access? {
        guard let token, takesTokens else { return anonymous }
        if holdout?.matches(token) ?? false { return .holdout }
        if general?.matches(token) ?? false { return generalAccess }
        // A wrong token is an error also where one could come in without any.
        return stored.grant(token: token)?.access
    }

    /// A cookie value that proves a login with this token; nil where the token opens nothing.
    func makeSession(token: String, at time: Double) -> String? {
        let end = Int(time) + Self.sessionSeconds
        for secret in [holdout, general].compactMap(\.self) where secret.matches(token) {
            return secret.makeSession(until: end)
        }
        return stored.makeSession(token: token, until: end)
    }

    /// Makes a session worthless.
    ///
    /// - Throws: As ``EndedSessions/insert(_:)``.
    func end(session: String, at time: Double) throws {
        let isOne = [holdout, general].contains { $0?.admits(session: session, at: time) ?? false }
        if isOne || stored.grant(session: session, at: time) != nil {
            try ended.insert(session)
        }
    }

    /// What the holder of a cookie value may do; nil: nothing.
    func access(session: String, at time: Double) -> Access? {
        if !ended.contains(session) {
            if holdout?.admits(session: session, at: time) ?? false { return .holdout }
            if general?.admits(session: session, at: time) ?? false { return generalAccess }
            if let grant = stored.grant(session: session, at: time) { return grant.access }
        }
        return anonymous
    }
}
