#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// How many combinations are done, on one line of a terminal.
public enum ProgressBar {
    /// Draws on standard error; nil where that is no terminal.
    public static var onTerminal: (@Sendable (_ done: Int, _ of: Int) -> Void)? {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        return { done, total in
            let filled = total == 0 ? 30 : 30 * done / total
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
            let line = "\r[\(bar)] \(done)/\(total)" + (done == total ? "\n" : "")
            _ = unsafe line.withCString { text in
                unsafe write(STDERR_FILENO, text, line.utf8.count)
            }
        }
    }
}

/// How far a batch is.
actor BatchCourse {
    private let total: Int
    private let stopsOnError: Bool
    private let progress: (@Sendable (Int, Int) -> Void)?
    private var done = 0
    private(set) var isStopped = false

    init(of total: Int, stopsOnError: Bool, progress: (@Sendable (Int, Int) -> Void)?) {
        self.total = total
        self.stopsOnError = stopsOnError
        self.progress = progress
    }

    func ended(_ entry: BatchEntry) {
        done += 1
        if entry.status == .failed, stopsOnError { isStopped = true }
        progress?(done, total)
    }
}
