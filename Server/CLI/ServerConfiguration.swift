import Logging

/// All settings of a server, read once and passed down.
struct ServerConfiguration: Sendable {
    var data: String
    var tcp: Endpoint
    var http: Endpoint
    var durability: Durability
    var token: String?
    var allowedHosts: [String]
    var webFolder: String?
    /// Nil: as the database has it, or the standard.
    var labels: [LabelSettings.Label]? = nil
    var holdoutPercent: Double? = nil
    var validationPercent: Double? = nil
    var splitSeed: Int64? = nil
    var splitBy: LabelSettings.SplitKey? = nil
    var logLevel: Logger.Level

    /// The label settings that result, given those that the database was made with.
    func labelSettings(stored: LabelSettings?) throws -> LabelSettings {
        var settings = stored ?? .standard
        func set<Value: Equatable>(_ value: Value?, _ key: WritableKeyPath<LabelSettings, Value>, _ flag: String) throws
        {
            guard let value else { return }
            guard stored == nil || settings[keyPath: key] == value else {
                throw SettingsError(
                    "\(flag) differs from what this database was made with (\(settings[keyPath: key])); it can't change afterwards"
                )
            }
            settings[keyPath: key] = value
        }
        try set(labels, \.labels, "--labels")
        try set(holdoutPercent, \.holdoutPercent, "--holdout-percent")
        try set(validationPercent, \.validationPercent, "--validation-percent")
        try set(splitSeed, \.seed, "--split-seed")
        try set(splitBy, \.splitBy, "--split-by")
        return settings
    }
}
