import Crypto
import Foundation

/// A token, as its digest, and the key of the sessions that it opens.
struct TokenSecret: Sendable, CustomStringConvertible {
    /// The token's SHA-256: 32 bytes.
    let digest: [UInt8]
    // Derived from the token as well, so that sessions end when it changes.
    private let key: SymmetricKey

    init(_ token: String, _ sessionKey: SessionKey) {
        self.init(digest: Array(SHA256.hash(data: Array(token.utf8))), sessionKey)
    }

    init(digest: [UInt8], _ sessionKey: SessionKey) {
        self.digest = digest
        let code = HMAC<SHA256>.authenticationCode(for: digest, using: SymmetricKey(data: sessionKey.bytes))
        key = SymmetricKey(data: Data(code))
    }

    var description: String { "a token's digest" }

    /// Whether a text is the token; takes as long for a wrong one as for the right one.
    func matches(_ token: String) -> Bool { SHA256.hash(data: Array(token.utf8)) == digest }

    /// When the session expires, a number that tells it from others, and a code over both that only the server can make.
    func makeSession(until end: Int) -> String {
        let claim = "\(end).\(UInt64.random(in: 0 ... .max))"
        let code = HMAC<SHA256>.authenticationCode(for: Array(claim.utf8), using: key)
        return claim + "." + code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Whether a cookie value is one of this token's sessions that has not expired.
    func admits(session: String, at time: Double) -> Bool {
        let parts = session.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let expiry = Int(parts[0]), Double(expiry) > time else { return false }
        var code: [UInt8] = []
        var digits = Array(parts[2].utf8)[...]
        while digits.count >= 2, let byte = UInt8(String(decoding: digits.prefix(2), as: UTF8.self), radix: 16) {
            code.append(byte)
            digits = digits.dropFirst(2)
        }
        guard digits.isEmpty else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            code,
            authenticating: Array("\(parts[0]).\(parts[1])".utf8),
            using: key
        )
    }
}
