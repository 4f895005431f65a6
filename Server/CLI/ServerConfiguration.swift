import Logging
import Wire

/// All settings of a server, read once and passed down.
struct ServerConfiguration: Sendable {
    var data: String
    var tcp: Endpoint
    var http: Endpoint
    /// Nil: both doors speak without TLS.
    var tls: TLSIdentity? = nil
    var durability: Durability
    var token: String?
    /// Whether other machines may come in without a token.
    var isInsecure = false
    /// Nil: whoever is let in may open the vault.
    var holdoutToken: String? = nil
    /// How often the hold-out may be looked at; nil: without limit.
    var holdoutLooks: Int? = nil
    var allowedHosts: [String]
    var webFolder: String?
    /// Nil: as the database has it, or the standard.
    var labels: [LabelSettings.Label]? = nil
    var holdoutPercent: Double? = nil
    var validationPercent: Double? = nil
    var splitSeed: Int64? = nil
    var splitBy: LabelSettings.SplitKey? = nil
    /// Nil: as declared, if they are.
    var schemaKeys: [VariablesSchema.Key]? = nil
    /// How long a shutdown may take, in seconds.
    var shutdownDeadline = 10.0
    /// From how many seconds on a request is logged as slow.
    var slowRequest = 1.0
    var logFormat = LineLogHandler.Format.text
    var logLevel: Logger.Level

    /// Refuses doors that other machines reach where nobody needs a token.
    func refuseStrangers(needsToken: Bool) throws {
        for (name, door) in [("TCP", tcp), ("HTTP", http)] where !door.isLoopback && !needsToken && !isInsecure {
            throw CommandFailure(
                code: CommandFailure.usage,
                message:
                    "\(SettingReader.names(name)): \(door) can be reached from other machines: set a token (--token-file or HOLDFAST_TOKEN), give one out (holdfast token create NAME --role admin --data \(data)), or say --insecure"
            )
        }
    }

    /// The label settings that result, given those that the database was made with.
    func labelSettings(stored: LabelSettings?) throws -> LabelSettings {
        var settings = stored ?? .standard
        func set<Value: Equatable>(
            _ value: Value?,
            _ key: WritableKeyPath<LabelSettings, Value>,
            _ name: String,
            _ spell: (Value) -> String = { "\($0)" }
        ) throws {
            guard let value else { return }
            guard stored == nil || settings[keyPath: key] == value else {
                throw SettingsError(
                    "\(SettingReader.names(name)) differs from what this database was made with (\(spell(settings[keyPath: key]))); it can't change afterwards: leave it away, or make another data directory with --data DIR"
                )
            }
            settings[keyPath: key] = value
        }
        try set(labels, \.labels, "LABELS") { labels in
            labels.map { "\($0.name):\($0.shortName)" }.joined(separator: ",")
        }
        try set(holdoutPercent, \.holdoutPercent, "HOLDOUT_PERCENT")
        try set(validationPercent, \.validationPercent, "VALIDATION_PERCENT")
        try set(splitSeed, \.seed, "SPLIT_SEED")
        try set(splitBy, \.splitBy, "SPLIT_BY") { $0.rawValue }
        return settings
    }
}
