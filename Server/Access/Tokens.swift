import Crypto
import Foundation
import NIOCore
import Wire

/// Gives out tokens and takes them back.
struct Tokens: Sendable {
    static let migrations = [
        Migration(
            "tokens",
            script: """
                CREATE TABLE tokens (
                    token_id TEXT PRIMARY KEY NOT NULL, name TEXT UNIQUE NOT NULL, roles TEXT NOT NULL,
                    sha256 BLOB NOT NULL, created_at TEXT NOT NULL, revoked_at TEXT
                ) STRICT, WITHOUT ROWID;
                """
        )
    ]

    let catalog: Catalog
    let gate: Gate

    func register(in table: inout MethodTable) {
        table.on(TokensCreate.self, keepsAnswer: false) { parameters, context in try create(parameters, context.access)
        }
        table.on(TokensList.self) { _, _ in try await list() }
        table.on(TokensRevoke.self) { parameters, _ in revoke(parameters) }
    }

    /// Reads the tokens that were given out before.
    func load() throws {
        try catalog.readNow { connection in
            for (id, grant) in try connection.rows(
                "SELECT token_id, name, roles, sha256, revoked_at IS NOT NULL FROM tokens",
                [],
                { row in
                    let roles = try JSONCoding.decode([Role].self, from: ByteBuffer(string: row.string(2)))
                    let secret = TokenSecret(digest: row.blob(3), gate.sessionKey)
                    let grant = Grant(
                        name: row.string(1),
                        roles: Set(roles),
                        secret: secret,
                        isRevoked: row.bool(4)
                    )
                    return (row.string(0), grant)
                }
            ) {
                gate.stored.add(grant, id: id)
            }
        }
    }

    /// `tokens.create`
    private func create(
        _ parameters: TokensCreate,
        _ access: Access
    ) throws -> @Sendable (WriteTransaction) throws -> TokensCreate.Result {
        let (name, roles) = (parameters.tokenName, Set(parameters.roles))
        guard (1...64).contains(name.utf8.count) else {
            throw WireError.invalidParams("params.name has \(name.utf8.count) bytes; 1 to 64 are possible")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw WireError.invalidParams("params.name has a control character")
        }
        guard !roles.isEmpty else {
            let all = Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw WireError.invalidParams("params.roles is empty; there are \(all)")
        }
        guard !roles.contains(.holdout) || access.allows(.holdout) else {
            throw WireError(.forbidden, "only who has role holdout can give it to others")
        }
        let id = Self.random(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let text = Data(Self.random(32)).base64EncodedString().filter { $0.isLetter || $0.isNumber }
        let token = "\(StoredTokens.prefix)\(id)_\(text)"
        let secret = TokenSecret(token, gate.sessionKey)
        let sorted = Role.allCases.filter(roles.contains)
        return { [gate] transaction in
            guard gate.hasAdmin || roles.contains(.admin) else {
                throw WireError.invalidParams(
                    "the first token needs role admin: from then on nobody comes in without a token, and nobody could make another"
                )
            }
            let isTaken = try transaction.connection.first("SELECT 1 FROM tokens WHERE name = ?", name) { _ in true }
            guard isTaken == nil else {
                throw WireError("name_taken", "there is, or was, a token \"\(name)\"; names are not used twice")
            }
            try transaction.connection.execute(
                "INSERT INTO tokens (token_id, name, roles, sha256, created_at) VALUES (?, ?, ?, ?, ?)",
                id,
                name,
                String(buffer: try JSONCoding.encode(sorted)),
                secret.digest,
                transaction.timestamp
            )
            transaction.afterCommit { gate.stored.add(Grant(name: name, roles: roles, secret: secret), id: id) }
            return TokensCreate.Result(token: token, name: name, roles: sorted)
        }
    }

    private static func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0 ... .max) } }

    /// `tokens.list`
    private func list() async throws -> TokensList.Result {
        try await catalog.read { connection in
            let tokens = try connection.rows(
                "SELECT name, roles, created_at, revoked_at FROM tokens ORDER BY created_at, name"
            ) { row in
                TokensList.Token(
                    name: row.string(0),
                    roles: try JSONCoding.decode(from: ByteBuffer(string: row.string(1))),
                    createdAt: Timestamp.seconds(row.string(2)) ?? 0,
                    revokedAt: row.optionalString(3).flatMap(Timestamp.seconds)
                )
            }
            return TokensList.Result(tokens: tokens)
        }
    }

    /// `tokens.revoke`
    private func revoke(_ parameters: TokensRevoke) -> @Sendable (WriteTransaction) throws -> TokensRevoke.Result {
        let name = parameters.tokenName
        return { [gate] transaction in
            let id = try transaction.connection.first("SELECT token_id FROM tokens WHERE name = ?", name) {
                $0.string(0)
            }
            guard let id else { throw WireError.notFound("there is no token \"\(name)\"") }
            try transaction.connection.execute(
                "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE token_id = ?",
                transaction.timestamp,
                id
            )
            transaction.afterCommit { gate.stored.grant(id: id)?.revoke() }
            return TokensRevoke.Result(name: name)
        }
    }
}
