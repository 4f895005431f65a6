import Wire

/// What a caller may do.
struct Access: Sendable {
    /// Everything but look into the vault.
    static let general = Access(roles: Set(Role.allCases).subtracting([.holdout]))
    /// Everything.
    static let holdout = Access(roles: Set(Role.allCases))

    let roles: Set<Role>
    /// The stored token that the caller came with, if it was one.
    let grant: Grant?

    init(roles: Set<Role>, grant: Grant? = nil) {
        self.roles = roles
        self.grant = grant
    }

    /// What tells its token from others: the server's own ones have names that none of the stored ones can have.
    var name: String { grant?.name ?? (allows(.holdout) ? "\u{0}holdout" : "\u{0}") }

    func allows(_ role: Role?) -> Bool { role.map { roles.contains($0) } ?? true }

    /// Throws unless the caller may use what needs a role.
    ///
    /// - Parameter name: The method or route, as the refusal calls it.
    func check(_ role: Role?, for name: String) throws {
        if let grant, grant.isRevoked {
            throw WireError(.unauthorized, "the token \"\(grant.name)\" was revoked")
        }
        guard let role, !roles.contains(role) else { return }
        let has = roles.map(\.rawValue).sorted().joined(separator: ", ")
        throw WireError(
            .forbidden,
            role == .holdout
                ? "\(name) is part of the vault: it needs a token with role holdout"
                : "\(name) needs a token with role \(role.rawValue); this one has \(has)",
            details: ["role": .string(role.rawValue)]
        )
    }
}

extension Access: Equatable {
    static func == (one: Access, other: Access) -> Bool { one.roles == other.roles && one.grant === other.grant }
}
