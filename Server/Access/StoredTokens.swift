import Crypto
import Synchronization
import Wire

/// A token that was given out while the server ran.
final class Grant: Sendable {
    let name: String
    let roles: Set<Role>
    fileprivate let secret: TokenSecret
    private let revoked: Atomic<Bool>

    init(name: String, roles: Set<Role>, secret: TokenSecret, isRevoked: Bool = false) {
        self.name = name
        self.roles = roles
        self.secret = secret
        revoked = Atomic(isRevoked)
    }

    var isRevoked: Bool { revoked.load(ordering: .acquiring) }

    func revoke() { revoked.store(true, ordering: .releasing) }

    var access: Access { Access(roles: roles, grant: self) }
}

/// The tokens of the database, kept in memory so that a call needs no query. A token is `hf_ID_SECRET`; of the secret only
/// its digest is known.
final class StoredTokens: Sendable {
    static let prefix = "hf_"

    private let grants = Mutex<[String: Grant]>([:])

    /// Whether any token was ever given out: from then on nobody comes in without one, whatever is revoked.
    var isEmpty: Bool { grants.withLock { $0.isEmpty } }

    /// Whether somebody can give out tokens.
    var hasAdmin: Bool { grants.withLock { $0.values.contains { !$0.isRevoked && $0.roles.contains(.admin) } } }

    func add(_ grant: Grant, id: String) { grants.withLock { $0[id] = grant } }

    func grant(id: String) -> Grant? { grants.withLock { $0[id] } }

    /// The grant of a valid token.
    func grant(token: String) -> Grant? {
        let parts = token.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, token.hasPrefix(Self.prefix), let grant = grant(id: String(parts[1])) else {
            return nil
        }
        return grant.secret.matches(token) && !grant.isRevoked ? grant : nil
    }

    // MARK: Sessions: the id of the token, and what proves that its holder logged in

    func makeSession(token: String, until end: Int) -> String? {
        guard let grant = grant(token: token) else { return nil }
        return "\(token.split(separator: "_")[1])-\(grant.secret.makeSession(until: end))"
    }

    func grant(session: String, at time: Double) -> Grant? {
        let parts = session.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let grant = grant(id: String(parts[0])), !grant.isRevoked else { return nil }
        return grant.secret.admits(session: String(parts[1]), at: time) ? grant : nil
    }
}
