/// One line of the report: what was looked at, how it is, and what to do where it isn't well.
struct Finding: Encodable, Equatable {
    enum Level: String, Encodable, Comparable {
        case ok
        /// The server works, and may not always.
        case warn
        /// The server does not work, or data are not as they were acknowledged.
        case error

        static func < (left: Level, right: Level) -> Bool { left.exitCode < right.exitCode }

        /// What the command ends with when this is the worst that was found.
        var exitCode: Int32 {
            switch self {
            case .ok: 0
            case .warn: 1
            case .error: 2
            }
        }
    }

    let level: Level
    let subject: String
    let message: String
    /// What to do; nil where nothing is to be done.
    let remedy: String?

    static func ok(_ subject: String, _ message: String) -> Finding {
        Finding(level: .ok, subject: subject, message: message, remedy: nil)
    }

    static func warn(_ subject: String, _ message: String, remedy: String) -> Finding {
        Finding(level: .warn, subject: subject, message: message, remedy: remedy)
    }

    static func error(_ subject: String, _ message: String, remedy: String) -> Finding {
        Finding(level: .error, subject: subject, message: message, remedy: remedy)
    }

    private static let widest = 12

    /// The line for people; the remedy stands below.
    var text: String {
        let padding = String(repeating: " ", count: max(0, Self.widest - subject.count))
        let level = level.rawValue + String(repeating: " ", count: 5 - level.rawValue.count)
        let line = "\(level)  \(subject)\(padding)  \(message)"
        return remedy.map { line + "\n" + String(repeating: " ", count: Self.widest + 9) + "→ \($0)" } ?? line
    }
}
