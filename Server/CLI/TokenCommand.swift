import ArgumentParser
import Foundation
import Holdfast

/// `holdfast token`
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Give out tokens with roles, list them, take them back.",
        discussion: """
            Roles: read (look at everything that is not held out), ingest (log from training code), label (label images), \
            holdout (the vault), admin (delete, repair, give out tokens). A trainer needs read and ingest, an annotator read and \
            label. As soon as one token was given out, nobody comes in without one. Whoever has lost all tokens stops the server \
            and makes one with --data.
            """,
        subcommands: [Create.self, List.self, Revoke.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a token and print it, this once.")

        @Argument(help: "What it is called in lists and in the audit log.")
        var name: String
        @Option(help: "read, ingest, label, holdout or admin; repeatable, or several with commas.")
        var role: [String]
        @OptionGroup var target: ServerTarget

        func run() async throws {
            let roles = try role.flatMap { $0.split(separator: ",") }.map { text in
                guard let role = Role(rawValue: String(text)) else {
                    let all = Role.allCases.map(\.rawValue).joined(separator: ", ")
                    throw CommandFailure(code: CommandFailure.usage, message: "--role \(text): there are \(all)")
                }
                return role
            }
            let request = TokensCreate(name: name, roles: roles)
            try await target.run(doing: "making a token", makesData: true) { try await $0.call(request).token }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens.")

        @OptionGroup var target: ServerTarget

        func run() async throws {
            try await target.run(doing: "listing tokens") { client in
                let tokens = try await client.call(TokensList()).tokens
                guard !tokens.isEmpty else { return "there are no tokens" }
                return tokens.map { token in
                    let roles = token.roles.map(\.rawValue).joined(separator: ",")
                    let end = token.revokedAt.map { ", revoked \(Day.text($0))" } ?? ""
                    return "\(LogLine.escaped(token.name))  \(roles)  made \(Day.text(token.createdAt))\(end)"
                }.joined(separator: "\n")
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token worthless at once, also for those who came in with it."
        )

        @Argument(help: "The token's name.")
        var name: String
        @OptionGroup var target: ServerTarget

        private static let noAdmin = """
            no other token with role admin was given out: who has not the server's own (HOLDFAST_TOKEN) can't make another \
            before the server is stopped, and then with: holdfast token create NAME --role admin --data DIR
            """

        func run() async throws {
            let name = name
            try await target.run(doing: "revoking a token") { client in
                // Afterwards the client's own token may be worthless.
                let tokens = try await client.call(TokensList()).tokens
                _ = try await client.call(TokensRevoke(name: name))
                if let before = tokens.first(where: { $0.name == name })?.revokedAt {
                    return "\(name) was revoked before, \(Day.text(before))"
                }
                let isLast = !tokens.contains { $0.name != name && $0.revokedAt == nil && $0.roles.contains(.admin) }
                return isLast ? "revoked \(name); \(Self.noAdmin)" : "revoked \(name)"
            }
        }
    }
}

/// `holdfast audit`
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Print who came in or was turned away, deleted something, looked into the vault or gave out tokens."
    )

    @Option(
        parsing: .unconditional,
        help: .init("How many entries, the latest first.", valueName: "1–1000")
    )
    var limit = 100
    @OptionGroup var target: ServerTarget

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit takes 1 to 1000") }
    }

    func run() async throws {
        let limit = limit
        try await target.run(doing: "reading the audit log") { client in
            let entries = try await client.call(AuditList(limit: limit)).entries
            return entries.map { entry in
                // Whoever calls itself something with a line break must not be able to write a line.
                [Day.text(entry.at), entry.event, entry.token ?? "-", entry.address ?? "-", entry.note ?? ""]
                    .map(LogLine.escaped).joined(separator: "  ")
            }.joined(separator: "\n")
        }
    }
}

/// A time as a line of a list has it.
private enum Day {
    static func text(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds.rounded(.down)).formatted(.iso8601)
    }
}
