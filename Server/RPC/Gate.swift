import Crypto
import Synchronization

/// Knows who may come in: whoever has the token, or everybody where there is none.
struct Gate: Sendable {
    /// How long a browser stays logged in.
    static let sessionSeconds = 30 * 86_400

    private let key: SymmetricKey?
    private let digest: SHA256Digest?
    private let ended = EndedSessions()

    /// - Parameter token: nil lets everybody in.
    init(token: String?) {
        digest = token.map { SHA256.hash(data: Array($0.utf8)) }
        // Derived from the token, so that sessions outlive a restart and end when the token changes.
        key = token.map { SymmetricKey(data: SHA256.hash(data: Array("holdfast session:\($0)".utf8))) }
    }

    var needsToken: Bool { digest != nil }

    /// Whether a token opens the gate. Digests are compared in constant time.
    func admits(_ token: String?) -> Bool {
        guard let digest else { return true }
        guard let token else { return false }
        return SHA256.hash(data: Array(token.utf8)) == digest
    }

    /// A cookie value that proves a login: when it expires, and a code over that which only the token's holder can make.
    func makeSession(at time: Double) -> String? {
        guard let key else { return nil }
        let expiry = String(Int(time) + Self.sessionSeconds)
        let code = HMAC<SHA256>.authenticationCode(for: Array(expiry.utf8), using: key)
        return expiry + "." + code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Makes a session worthless, until this server ends; the browser forgets it for good.
    func end(session: String, at time: Double) {
        if admits(session: session, at: time) { ended.insert(session) }
    }

    /// Whether a cookie value is a login that has not expired.
    func admits(session: String, at time: Double) -> Bool {
        guard let key else { return true }
        let parts = session.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let expiry = Int(parts[0]), Double(expiry) > time else { return false }
        guard !ended.contains(session) else { return false }
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
