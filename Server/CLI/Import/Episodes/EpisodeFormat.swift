/// How other programs keep episodes in HDF5.
enum EpisodeFormat: String, Sendable {
    /// Groups episode_0, episode_1, ….
    case minari = "Minari"
    /// Groups data/demo_0, data/demo_1, ….
    case robomimic
    /// Datasets of all steps, with flags where episodes end.
    case d4rl = "D4RL"

    /// What the datasets of an episode are called in it.
    struct Names {
        let terminated: String
        let truncated: String?
        let observations: String
        let infos: String?
    }

    /// The format of a file with these datasets; nil for another one.
    init?(datasets: some Collection<String>) {
        let names = Set(datasets)
        if datasets.contains(where: { $0.wholeMatch(of: /episode_[0-9]+\/rewards/) != nil }) {
            self = .minari
        } else if datasets.contains(where: { $0.wholeMatch(of: /data\/demo_[0-9]+\/actions/) != nil }) {
            self = .robomimic
        } else if names.isSuperset(of: ["actions", "rewards", "terminals"]) {
            self = .d4rl
        } else {
            return nil
        }
    }

    var names: Names {
        switch self {
        case .minari:
            Names(terminated: "terminations", truncated: "truncations", observations: "observations", infos: "infos")
        case .robomimic: Names(terminated: "dones", truncated: nil, observations: "obs", infos: nil)
        case .d4rl: Names(terminated: "terminals", truncated: "timeouts", observations: "observations", infos: nil)
        }
    }

    /// The groups of the episodes, by their numbers; one without a name for a file that has no groups.
    func groups(of datasets: some Collection<String>) -> [String] {
        let prefix: String
        switch self {
        case .minari: prefix = "episode_"
        case .robomimic: prefix = "data/demo_"
        case .d4rl: return [""]
        }
        let numbers = datasets.compactMap { name -> Int? in
            guard name.hasPrefix(prefix) else { return nil }
            let digits = name.dropFirst(prefix.count).prefix { $0.isNumber }
            return name.dropFirst(prefix.count + digits.count).first == "/" ? Int(digits) : nil
        }
        return Set(numbers).sorted().map { "\(prefix)\($0)" }
    }
}
