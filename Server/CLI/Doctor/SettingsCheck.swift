import ArgumentParser
import Wire

/// The settings that the environment makes: which are set, and whether a server would start with them.
struct SettingsCheck {
    let environment: [String: String]

    var findings: [Finding] {
        let misspelt = ServeOptions.unknownVariables(in: environment)
        let set = environment.filter {
            $0.key.hasPrefix(SettingReader.prefix) && !$0.value.isEmpty && !misspelt.contains($0.key)
        }
        let list = set.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(ServeOptions.secretVariables.contains(name) ? "(set)" : Human.text(value, limit: 100))"
        }
        let summary = list.isEmpty ? "no variable \(SettingReader.prefix)… is set" : list.joined(separator: " ")
        let unknown = misspelt.map { name in
            Finding.warn(
                "settings",
                "\(name) is not a setting",
                remedy: "correct its name, or unset it; \"holdfast serve --help\" has them all"
            )
        }
        return (unknown.isEmpty || !list.isEmpty || invalid != nil ? [invalid ?? .ok("settings", summary)] : [])
            + unknown
    }

    private var invalid: Finding? {
        do {
            _ = try ServeOptions.parse([]).configuration(environment: environment)
            return nil
        } catch {
            return .error(
                "settings",
                (error as? CommandFailure)?.message ?? "\(error)",
                remedy: "correct it: the server does not start"
            )
        }
    }

    /// Whether the settings agree with those that the database was made with.
    func stored(_ connection: Connection) throws -> [Finding] {
        guard try !Schema.State(connection).applied.isEmpty,
            let configuration = try? ServeOptions.parse([]).configuration(environment: environment)
        else { return [] }
        do {
            _ = try configuration.labelSettings(
                stored: try SettingsTable.read(LabelSettings.self, "labels", connection)
            )
            return []
        } catch let error as SettingsError {
            return [.error("settings", error.description, remedy: "unset the variable: the server does not start")]
        }
    }
}
