import Synchronization

/// What is being done to things with names, each thing by one caller at a time.
final class Claims: Sendable {
    /// Holds a name until its last owner lets go of it, whatever becomes of what was begun.
    final class Claim: Sendable {
        private let name: String
        private let claims: Claims

        fileprivate init(_ name: String, of claims: Claims) {
            self.name = name
            self.claims = claims
        }

        deinit { claims.names.withLock { _ = $0.remove(name) } }
    }

    private let names = Mutex<Set<String>>([])

    /// Claims a name; nil while somebody else holds it.
    func take(_ name: String) -> Claim? {
        names.withLock { $0.insert(name).inserted } ? Claim(name, of: self) : nil
    }
}
