public import ArgumentParser
import Foundation
public import Logging
import Wire

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LabelSettings.SplitKey: ExpressibleByArgument {}

/// The settings of `holdfast serve`: flag before environment variable before default.
struct ServeOptions: ParsableArguments {
    @Option(help: "The data directory; made if it does not exist. [HOLDFAST_DATA] (default: ./holdfast-data)")
    var data: String?
    @Option(help: "HOST:PORT of the TCP door; port 0 = any free one. [HOLDFAST_TCP] (default: 127.0.0.1:7411)")
    var tcp: Endpoint?
    @Option(help: "HOST:PORT of the HTTP door; port 0 = any free one. [HOLDFAST_HTTP] (default: 127.0.0.1:7412)")
    var http: Endpoint?
    @Option(
        help:
            "A PEM file with the server's certificate, and those between it and its authority: both doors then speak TLS. SIGHUP has it read again. [HOLDFAST_TLS_CERT]"
    )
    var tlsCert: String?
    @Option(help: "A PEM file with the certificate's private key, not encrypted. [HOLDFAST_TLS_KEY]")
    var tlsKey: String?
    @Option(
        help: """
            What an acknowledged write survives: full = loss of power, process = the end of the server process. \
            [HOLDFAST_DURABILITY] (default: full)
            """
    )
    var durability: Durability?
    @Option(help: "A file with the token that clients need; HOLDFAST_TOKEN holds a token itself. [HOLDFAST_TOKEN_FILE]")
    var tokenFile: String?
    @Option(
        help: """
            A file with the token for the hold-out: then only its holder may label and measure held-out images, and it opens \
            everything else too; HOLDFAST_HOLDOUT_TOKEN holds one itself. [HOLDFAST_HOLDOUT_TOKEN_FILE]
            """
    )
    var holdoutTokenFile: String?
    @Option(
        help: "How often the held-out images may be evaluated, ever. [HOLDFAST_HOLDOUT_LOOKS] (default: without limit)"
    )
    var holdoutLooks: Int?
    @Flag(help: "Listen on other addresses than loopback without a token. [HOLDFAST_INSECURE=1]")
    var insecure = false
    @Option(
        help:
            "A further name under which browsers may address the server; repeatable. [HOLDFAST_ALLOWED_HOST, comma-separated]"
    )
    var allowedHost: [String] = []
    @Option(
        help:
            "The folder of the dashboard's files. [HOLDFAST_WEB] (default: Web beside the executable, in a folder above it or in the current one)"
    )
    var web: String?
    @Option(
        help:
            "The labels, as name[:short],…; fixed when the database is made. [HOLDFAST_LABELS] (default: biopsy_tool:biopsy,mag_view:mag)"
    )
    var labels: String?
    @Option(
        help:
            "Percent of images that are held out; fixed when the database is made. [HOLDFAST_HOLDOUT_PERCENT] (default: 10)"
    )
    var holdoutPercent: Double?
    @Option(
        help:
            "Percent of the other images that validate; fixed when the database is made. [HOLDFAST_VALIDATION_PERCENT] (default: 20)"
    )
    var validationPercent: Double?
    @Option(help: "Seed of the splits; fixed when the database is made. [HOLDFAST_SPLIT_SEED] (default: 42)")
    var splitSeed: Int64?
    @Option(
        help:
            "What is hashed to split: filename or study; fixed when the database is made. [HOLDFAST_SPLIT_BY] (default: filename)"
    )
    var splitBy: LabelSettings.SplitKey?
    @Option(
        help:
            "The keys that locate variables, as name:type,… with type string, integer or number; fixed when declared. [HOLDFAST_SCHEMA_KEYS]"
    )
    var schemaKeys: String?
    @Option(
        help: """
            Seconds in which SIGTERM answers what has arrived; what is late is not stored. A second signal ends at once. \
            [HOLDFAST_SHUTDOWN_DEADLINE] (default: 10)
            """
    )
    var shutdownDeadline: Double?
    @Option(help: "trace, debug, info, notice, warning, error or critical. [HOLDFAST_LOG_LEVEL] (default: info)")
    var logLevel: Logger.Level?
}

extension ServeOptions {
    /// The variables of the environment that are settings of the server.
    static let variables = [
        "DATA", "TCP", "HTTP", "TLS_CERT", "TLS_KEY", "DURABILITY", "TOKEN", "TOKEN_FILE", "HOLDOUT_TOKEN",
        "HOLDOUT_TOKEN_FILE",
        "HOLDOUT_LOOKS",
        "INSECURE", "ALLOWED_HOST", "WEB", "LABELS", "HOLDOUT_PERCENT", "VALIDATION_PERCENT", "SPLIT_SEED", "SPLIT_BY",
        "SCHEMA_KEYS", "SHUTDOWN_DEADLINE", "LOG_LEVEL",
    ].map { "HOLDFAST_" + $0 }
    /// Those whose values nobody else may see.
    static let secretVariables = ["HOLDFAST_TOKEN", "HOLDFAST_HOLDOUT_TOKEN"]
    /// Those that only clients read.
    static let clientVariables = ["HOLDFAST_SERVER", "HOLDFAST_SPOOL", "HOLDFAST_CA_FILE"]

    /// The settings with what the environment says filled in.
    func configuration(environment: [String: String]) throws -> ServerConfiguration {
        func setting<Value: ExpressibleByArgument>(_ flag: Value?, _ name: String) throws -> Value? {
            if let flag { return flag }
            guard let text = environment["HOLDFAST_\(name)"], !text.isEmpty else { return nil }
            guard let value = Value(argument: text) else {
                throw CommandFailure(
                    code: CommandFailure.usage,
                    message: "HOLDFAST_\(name)=\(text) is not valid; \"holdfast serve --help\" says what it can be"
                )
            }
            return value
        }
        let hosts = environment["HOLDFAST_ALLOWED_HOST"].map { $0.split(separator: ",").map(String.init) } ?? []
        let configuration = ServerConfiguration(
            data: try setting(data, "DATA") ?? "holdfast-data",
            tcp: try setting(tcp, "TCP") ?? Endpoint(host: "127.0.0.1", port: 7411),
            http: try setting(http, "HTTP") ?? Endpoint(host: "127.0.0.1", port: 7412),
            tls: try identity(certificate: try setting(tlsCert, "TLS_CERT"), key: try setting(tlsKey, "TLS_KEY")),
            durability: try setting(durability, "DURABILITY") ?? .full,
            token: try token(file: try setting(tokenFile, "TOKEN_FILE"), environment["HOLDFAST_TOKEN"]),
            holdoutToken: try token(
                file: try setting(holdoutTokenFile, "HOLDOUT_TOKEN_FILE"),
                environment["HOLDFAST_HOLDOUT_TOKEN"]
            ),
            holdoutLooks: try count(try setting(holdoutLooks, "HOLDOUT_LOOKS"), "--holdout-looks"),
            allowedHosts: allowedHost + hosts,
            webFolder: try setting(web, "WEB") ?? Self.standardWebFolder,
            labels: try setting(labels, "LABELS").map(LabelSettings.labels),
            holdoutPercent: try percent(try setting(holdoutPercent, "HOLDOUT_PERCENT")),
            validationPercent: try percent(try setting(validationPercent, "VALIDATION_PERCENT")),
            splitSeed: try setting(splitSeed, "SPLIT_SEED"),
            splitBy: try setting(splitBy, "SPLIT_BY"),
            schemaKeys: try setting(schemaKeys, "SCHEMA_KEYS").map(Self.keys),
            shutdownDeadline: try deadline(try setting(shutdownDeadline, "SHUTDOWN_DEADLINE")) ?? 10,
            logLevel: try setting(logLevel, "LOG_LEVEL") ?? .info
        )
        if let folder = configuration.webFolder, !FileManager.default.fileExists(atPath: folder + "/index.html") {
            throw CommandFailure(
                code: CommandFailure.usage,
                message: "--web \(folder): there is no index.html; give the folder Web of the program's sources"
            )
        }
        let isInsecure = insecure || ["1", "true", "yes"].contains(environment["HOLDFAST_INSECURE"] ?? "")
        for door in [configuration.tcp, configuration.http] where !door.isLoopback {
            guard configuration.token != nil || isInsecure else {
                throw CommandFailure(
                    code: CommandFailure.usage,
                    message:
                        "\(door) can be reached from other machines: set a token (--token-file or HOLDFAST_TOKEN), or say --insecure"
                )
            }
        }
        return configuration
    }

    private func identity(certificate: String?, key: String?) throws -> TLSIdentity? {
        switch (certificate, key) {
        case (nil, nil): nil
        case (let certificate?, let key?): try TLSIdentity(CertificateFiles(certificate: certificate, key: key))
        default:
            let given = key == nil ? "--tls-cert" : "--tls-key"
            throw SettingsError("--tls-cert and --tls-key belong together: only \(given) was given")
        }
    }

    private static func keys(_ text: String) throws -> [VariablesSchema.Key] {
        try text.split(separator: ",").map { part in
            let words = part.split(separator: ":")
            guard words.count == 2, let type = VariablesSchema.Key.Kind(rawValue: String(words[1])) else {
                throw CommandFailure(
                    code: CommandFailure.usage,
                    message: "--schema-keys: \"\(part)\" is not name:type, with type string, integer or number"
                )
            }
            return VariablesSchema.Key(name: String(words[0]), type: type)
        }
    }

    private func count(_ value: Int?, _ flag: String) throws -> Int? {
        guard let value, value < 0 else { return value }
        throw CommandFailure(code: CommandFailure.usage, message: "\(flag) is \(value); it can't be negative")
    }

    private func deadline(_ value: Double?) throws -> Double? {
        guard let value else { return nil }
        guard value > 0, value <= 3600 else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message: "--shutdown-deadline is \(value); it is more than 0 and at most 3600 seconds"
            )
        }
        return value
    }

    private func token(file: String?, _ text: String?) throws -> String? {
        if let file {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw CommandFailure(code: CommandFailure.usage, message: "the token file \(file) can't be read")
            }
            let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !token.isEmpty else {
                throw CommandFailure(code: CommandFailure.usage, message: "the token file \(file) is empty")
            }
            return token
        }
        guard let text, !text.isEmpty else { return nil }
        return text
    }

    private func percent(_ value: Double?) throws -> Double? {
        guard let value else { return nil }
        guard (0...100).contains(value) else {
            throw CommandFailure(code: CommandFailure.usage, message: "\(value) is not a percentage from 0 to 100")
        }
        return value
    }

    private static var standardWebFolder: String? {
        var candidates: [String] = []
        // The first argument would be a mere name where the shell found the program on the PATH.
        if let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            var folder = URL(fileURLWithPath: executable)
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                candidates.append(folder.appendingPathComponent("Web").path)
            }
        }
        candidates.append("Web")
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/index.html") }
    }
}
