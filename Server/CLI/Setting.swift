import ArgumentParser

/// The value of a setting, and where it comes from: its flag, or its variable of the environment.
struct Setting<Value> {
    let value: Value
    /// As the user gave it: `--tcp nowhere` or `HOLDFAST_TCP=nowhere`.
    let source: String

    func map<Other>(_ transform: (Value) throws -> Other) throws -> Setting<Other> {
        do {
            return Setting<Other>(value: try transform(value), source: source)
        } catch let error as SettingsError {
            throw refusal(error.description)
        }
    }

    /// The setting, if its value is one of those that can be.
    func checked(_ condition: (Value) -> Bool, _ expected: String) throws -> Setting {
        guard condition(value) else { throw refusal(expected) }
        return self
    }

    /// What a server says that doesn't start with the setting.
    func refusal(_ reason: String) -> CommandFailure {
        CommandFailure(code: CommandFailure.usage, message: "\(source): \(reason)")
    }
}

extension Setting: Sendable where Value: Sendable {}

/// Reads settings: flag before variable of the environment.
struct SettingReader {
    static let prefix = "HOLDFAST_"

    let environment: [String: String]

    /// The setting of a name, such as `LOG_LEVEL` of `--log-level`; nil where it is not given, or empty.
    func read<Value: ExpressibleByArgument>(_ flag: Value?, _ name: String) throws -> Setting<Value>? {
        if let flag {
            return Setting(value: flag, source: "\(Self.flag(name)) \(flag)")
        }
        guard let text = environment[Self.prefix + name], !text.isEmpty else { return nil }
        let source = "\(Self.prefix)\(name)=\(text)"
        guard let value = Value(argument: text) else {
            throw Setting(value: text, source: source).refusal(Self.expected(Value.self))
        }
        return Setting(value: value, source: source)
    }

    private static func expected<Value: ExpressibleByArgument>(_: Value.Type) -> String {
        if Value.self is any BinaryInteger.Type { return "give a whole number" }
        if Value.self is any BinaryFloatingPoint.Type { return "give a number" }
        return "give one of: " + Value.allValueStrings.joined(separator: ", ")
    }

    /// A flag without a value: the variable says `1` or `0`.
    func read(_ flag: Bool, _ name: String) throws -> Bool {
        if flag { return true }
        let text = environment[Self.prefix + name] ?? ""
        switch text.lowercased() {
        case "1", "true", "yes": return true
        case "0", "false", "no", "": return false
        default: throw Setting(value: text, source: "\(Self.prefix)\(name)=\(text)").refusal("give 1 or 0")
        }
    }

    /// A flag that may be given several times; the variable has its values separated by commas.
    func read(_ flags: [String], _ name: String) -> [Setting<String>] {
        let texts = environment[Self.prefix + name]?.split(separator: ",").map(String.init) ?? []
        return flags.map { Setting(value: $0, source: "\(Self.flag(name)) \($0)") }
            + texts.map { Setting(value: $0, source: "\(Self.prefix)\(name)=\($0)") }
    }

    /// How a setting is given whose source is not known any more: `--split-seed or HOLDFAST_SPLIT_SEED`.
    static func names(_ name: String) -> String { "\(flag(name)) or \(prefix)\(name)" }

    private static func flag(_ name: String) -> String { "--" + name.lowercased().replacing("_", with: "-") }
}
