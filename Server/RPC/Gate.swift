import Crypto
import Synchronization
import Wire

/// What a caller may do.
enum Access: Sendable {
    /// Everything but look into the vault.
    case general
    /// Everything.
    case holdout

    /// Whether a method of this role may be called.
    func allows(_ role: MethodRole) -> Bool {
        switch role {
        case .anyone: true
        case .holdout: self == .holdout
        }
    }
}

/// Knows who may come in: whoever has the token, or everybody where there is none. Where there is a token for the
/// hold-out, only its holder may call the methods of the vault; it opens everything else too.
struct Gate: Sendable {
    /// How long a browser stays logged in.
    static let sessionSeconds = 30 * 86_400

    private let general: Secret?
    private let holdout: Secret?
    private let ended = EndedSessions()

    /// - Parameters:
    ///   - token: nil lets everybody in.
    ///   - holdoutToken: nil opens the vault to everybody who is let in.
    init(token: String?, holdoutToken: String? = nil) {
        general = token.map { Secret($0) }
        holdout = holdoutToken.map { Secret($0) }
    }

    var needsToken: Bool { general != nil }

    /// What a caller without any token may do; nil: nothing.
    var anonymous: Access? { needsToken ? nil : generalAccess }

    private var generalAccess: Access { holdout == nil ? .holdout : .general }

    /// What the holder of a token may do; nil: nothing. Digests are compared in constant time.
    func access(token: String?) -> Access? {
        guard let token, general != nil || holdout != nil else { return anonymous }
        if holdout?.matches(token) ?? false { return .holdout }
        // A wrong token is an error also where one could come in without any.
        return general?.matches(token) ?? false ? generalAccess : nil
    }

    /// A cookie value that proves a login with this token; nil where the token opens nothing.
    func makeSession(token: String, at time: Double) -> String? {
        for secret in [holdout, general].compactMap(\.self) where secret.matches(token) {
            return secret.makeSession(until: Int(time) + Self.sessionSeconds)
        }
        return nil
    }

    /// Makes a session worthless, until this server ends; the browser forgets it for good.
    func end(session: String, at time: Double) {
        let isOne = [holdout, general].contains { $0?.admits(session: session, at: time) ?? false }
        if isOne { ended.insert(session) }
    }

    /// What the holder of a cookie value may do; nil: nothing.
    func access(session: String, at time: Double) -> Access? {
        if !ended.contains(session) {
            if holdout?.admits(session: session, at: time) ?? false { return .holdout }
            if general?.admits(session: session, at: time) ?? false { return generalAccess }
        }
        return anonymous
    }
}

/// A token, as its digest, and the key of the sessions that it opens.
private struct Secret: Sendable {
    private let digest: SHA256Digest
    // Derived from the token, so that sessions outlive a restart and end when the token changes.
    private let key: SymmetricKey

    init(_ token: String) {
        digest = SHA256.hash(data: Array(token.utf8))
        key = SymmetricKey(data: SHA256.hash(data: Array("holdfast session:\(token)".utf8)))
    }

    func matches(_ token: String) -> Bool { SHA256.hash(data: Array(token.utf8)) == digest }

    /// When the session expires, and a code over that which only the token's holder can make.
    func makeSession(until end: Int) -> String {
        let expiry = String(end)
        let code = HMAC<SHA256>.authenticationCode(for: Array(expiry.utf8), using: key)
        return expiry + "." + code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Whether a cookie value is one of this token's sessions that has not expired.
    func admits(session: String, at time: Double) -> Bool {
        let parts = session.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let expiry = Int(parts[0]), Double(expiry) > time else { return false }
        var code: [UInt8] = []
        var digits = Array(parts[1].utf8)[...]
        while digits.count >= 2, let byte = UInt8(String(decoding: digits.prefix(2), as: UTF8.self), radix: 16) {
            code.append(byte)
            digits = digits.dropFirst(2)
        }
        guard digits.isEmpty else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(parts[0].utf8), using: key)
    }
}

/// Sessions that were logged out of before they expired.
private final class EndedSessions: Sendable {
    private let sessions = Mutex<Set<String>>([])

    func contains(_ session: String) -> Bool { sessions.withLock { $0.contains(session) } }

    func insert(_ session: String) { sessions.withLock { _ = $0.insert(session) } }
}
