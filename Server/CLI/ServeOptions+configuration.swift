import ArgumentParser
import Foundation
import Logging
import Wire

extension ServeOptions {
    /// The variables of the environment that are settings of the server.
    static let variables = [
        "DATA", "TCP", "HTTP", "TLS_CERT", "TLS_KEY", "DURABILITY", "TOKEN", "TOKEN_FILE", "HOLDOUT_TOKEN",
        "HOLDOUT_TOKEN_FILE",
        "HOLDOUT_LOOKS", "INSECURE", "ALLOWED_HOST", "WEB", "LABELS", "HOLDOUT_PERCENT", "VALIDATION_PERCENT",
        "SPLIT_SEED", "SPLIT_BY", "SCHEMA_KEYS", "SHUTDOWN_DEADLINE", "SLOW_REQUEST", "LOG_FORMAT", "LOG_LEVEL",
    ].map { SettingReader.prefix + $0 }
    /// Those whose values nobody else may see.
    static let secretVariables = ["HOLDFAST_TOKEN", "HOLDFAST_HOLDOUT_TOKEN"]
    /// Those that only clients read.
    static let clientVariables = ["HOLDFAST_SERVER", "HOLDFAST_SPOOL", "HOLDFAST_CA_FILE"]

    /// The variables in an environment that look like settings and are none: their names are misspelt.
    static func unknownVariables(in environment: [String: String]) -> [String] {
        environment.keys.filter {
            $0.hasPrefix(SettingReader.prefix) && !(variables + clientVariables).contains($0)
        }.sorted()
    }

    /// The settings with what the environment says filled in; what is wrong is refused by its name.
    func configuration(environment: [String: String]) throws -> ServerConfiguration {
        let reader = SettingReader(environment: environment)
        var configuration = ServerConfiguration(
            data: try reader.read(data, "DATA")?.checked({ !$0.isEmpty }, "it is empty; name a directory").value
                ?? "holdfast-data",
            tcp: try reader.read(tcp, "TCP")?.map(Endpoint.init).value ?? Endpoint(host: "127.0.0.1", port: 7411),
            http: try reader.read(http, "HTTP")?.map(Endpoint.init).value ?? Endpoint(host: "127.0.0.1", port: 7412),
            tls: try identity(
                certificate: try reader.read(tlsCert, "TLS_CERT"),
                key: try reader.read(tlsKey, "TLS_KEY")
            ),
            durability: try reader.read(durability, "DURABILITY")?.value ?? .full,
            token: try token(try reader.read(tokenFile, "TOKEN_FILE"), environment, "HOLDFAST_TOKEN"),
            holdoutToken: try token(
                try reader.read(holdoutTokenFile, "HOLDOUT_TOKEN_FILE"),
                environment,
                "HOLDFAST_HOLDOUT_TOKEN"
            ),
            holdoutLooks: try reader.read(holdoutLooks, "HOLDOUT_LOOKS")?
                .checked({ $0 >= 0 }, "give 0 or more").value,
            allowedHosts: try reader.read(allowedHost, "ALLOWED_HOST").map {
                try $0.checked(Self.isHost, "give a name or an address, without scheme, port, path and wildcards")
                    .value
            },
            webFolder: try reader.read(web, "WEB")?.checked(
                { FileManager.default.fileExists(atPath: $0 + "/index.html") },
                "there is no index.html; give the folder Web of the program's sources"
            ).value ?? Self.standardWebFolder,
            labels: try reader.read(labels, "LABELS")?.map(LabelSettings.labels).value,
            holdoutPercent: try percent(try reader.read(holdoutPercent, "HOLDOUT_PERCENT")),
            validationPercent: try percent(try reader.read(validationPercent, "VALIDATION_PERCENT")),
            splitSeed: try reader.read(splitSeed, "SPLIT_SEED")?.value,
            splitBy: try reader.read(splitBy, "SPLIT_BY")?.value,
            schemaKeys: try reader.read(schemaKeys, "SCHEMA_KEYS")?.map(Self.keys).value,
            shutdownDeadline: try reader.read(shutdownDeadline, "SHUTDOWN_DEADLINE")?
                .checked({ $0 > 0 && $0 <= 3600 }, "give more than 0 and at most 3600 seconds").value ?? 10,
            slowRequest: try reader.read(slowRequest, "SLOW_REQUEST")?
                .checked({ $0 >= 0 && $0 <= 3600 }, "give from 0 to 3600 seconds").value ?? 1,
            logFormat: try reader.read(logFormat, "LOG_FORMAT")?.value ?? .text,
            logLevel: try reader.read(logLevel, "LOG_LEVEL")?.value ?? .info
        )
        configuration.isInsecure = try reader.read(insecure, "INSECURE")
        try check(configuration)
        return configuration
    }

    /// What only shows when settings are seen together.
    private func check(_ configuration: ServerConfiguration) throws {
        let (tcp, http) = (configuration.tcp, configuration.http)
        guard tcp != http || tcp.port == 0 else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message:
                    "the TCP and the HTTP door (--tcp or HOLDFAST_TCP, --http or HOLDFAST_HTTP) are both \(tcp): each needs an address of its own"
            )
        }
        guard configuration.token == nil || configuration.token != configuration.holdoutToken else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message: "the token and the one for the hold-out are the same: everybody could look into the vault"
            )
        }
        // A database may have tokens that were given out, which shows when it is open.
        if !FileManager.default.fileExists(atPath: DataFolder(configuration.data).database) {
            try configuration.refuseStrangers(needsToken: configuration.token != nil)
        }
    }

    private func identity(certificate: Setting<String>?, key: Setting<String>?) throws -> TLSIdentity? {
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            do {
                return try TLSIdentity(CertificateFiles(certificate: certificate, key: key))
            } catch let error as SettingsError {
                // It names the setting and the file itself.
                throw CommandFailure(code: CommandFailure.usage, message: error.description)
            }
        case (let alone?, nil):
            throw alone.refusal("a certificate needs its key; name it with --tls-key or HOLDFAST_TLS_KEY")
        case (nil, let alone?):
            throw alone.refusal("a key needs its certificate; name it with --tls-cert or HOLDFAST_TLS_CERT")
        }
    }

    private static func isHost(_ text: String) -> Bool {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        return !text.isEmpty && !text.contains { "/@* ".contains($0) || ($0 == ":" && !isBracketed) }
    }

    private static func keys(_ text: String) throws -> [VariablesSchema.Key] {
        try text.split(separator: ",").map { part in
            let words = part.split(separator: ":")
            guard words.count == 2, let type = VariablesSchema.Key.Kind(rawValue: String(words[1])) else {
                throw SettingsError("\"\(part)\" is not name:type, with type string, integer or number")
            }
            return VariablesSchema.Key(name: String(words[0]), type: type)
        }
    }

    private func token(
        _ file: Setting<String>?,
        _ environment: [String: String],
        _ variable: String
    ) throws -> String? {
        guard let file else {
            guard let text = environment[variable], !text.isEmpty else { return nil }
            let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !token.isEmpty else {
                throw CommandFailure(
                    code: CommandFailure.usage,
                    message: "\(variable): it is blank; set a token, or unset it"
                )
            }
            return token
        }
        guard let text = try? String(contentsOfFile: file.value, encoding: .utf8) else {
            throw file.refusal("the file can't be read")
        }
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty else { throw file.refusal("the file is empty") }
        return token
    }

    private func percent(_ setting: Setting<Double>?) throws -> Double? {
        try setting?.checked({ (0...100).contains($0) }, "give a percentage from 0 to 100").value
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
