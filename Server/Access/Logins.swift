import Wire

/// Lets callers in at both doors, and notes who came and who was turned away.
struct Logins: Sendable {
    let gate: Gate
    let audit: AuditLog
    private let limit = LoginLimit()
    private let uses = TokenUses()

    init(gate: Gate, audit: AuditLog) {
        self.gate = gate
        self.audit = audit
    }

    /// What a caller may do who begins with a token, or without one.
    ///
    /// - Parameters:
    ///   - address: Where the caller is; nil for those who can't be told apart.
    ///   - note: What the caller calls itself.
    func access(token: String?, from address: String?, _ note: String) throws -> Access {
        try admit(from: address, note, isMissing: token == nil) {
            guard let access = gate.access(token: token) else { return nil }
            if token != nil, gate.needsToken { audit.record(.login(access, from: address, note)) }
            return access
        }
    }

    /// What a request may do that has its token with it; noted once an hour for each token and address.
    func access(ofRequestWith token: String, from address: String?, _ note: String) throws -> Access {
        try admit(from: address, note) {
            guard let access = gate.access(token: token) else { return nil }
            if gate.needsToken, uses.isNew(access.name, from: address ?? "", at: Timestamp.now()) {
                audit.record(.use(access, from: address, note))
            }
            return access
        }
    }

    /// What `attempt` gives; a failed one is counted, and is not even made where there were too many.
    func admit<Value>(
        from address: String?,
        _ note: String,
        isMissing: Bool = false,
        _ attempt: () throws -> Value?
    ) throws -> Value {
        let (key, time) = (address ?? "", Timestamp.now())
        if let wait = limit.wait(key, at: time), !isMissing {
            throw WireError(
                "too_many_logins",
                "there were \(LoginLimit.failures) wrong tokens from here within a minute; try again in \(Int(wait.rounded(.up))) s",
                details: ["retry_after": .number(wait)],
                isFinal: false
            )
        }
        if let value = try attempt() { return value }
        guard !isMissing else { throw WireError(.unauthorized, "the token is missing") }
        if limit.fail(key, at: time) { audit.record(.failedLogin(from: address, note)) }
        throw WireError(.unauthorized, "the token is wrong")
    }
}
