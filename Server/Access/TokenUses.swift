import Synchronization

/// Which tokens came from where of late, so that a token that comes with every request is noted once an hour.
final class TokenUses: Sendable {
    private struct Use: Hashable {
        let token: String
        let address: String
    }

    /// Seconds.
    private static let interval = 3600.0
    private static let most = 10_000
    private let seen = Mutex<[Use: Double]>([:])

    /// Whether a use is to be noted.
    ///
    /// - Parameters:
    ///   - token: Its name, not itself.
    ///   - time: UNIX seconds.
    func isNew(_ token: String, from address: String, at time: Double) -> Bool {
        seen.withLock { seen in
            let use = Use(token: token, address: address)
            if let last = seen[use], abs(time - last) < Self.interval { return false }
            if seen.count >= Self.most { seen.removeAll() }
            seen[use] = time
            return true
        }
    }
}
