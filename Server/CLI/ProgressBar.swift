import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A line on a terminal that says how far a command is; silent elsewhere.
struct ProgressBar {
    private static let width = 30

    private let label: String
    private let total: Int
    private let isVisible = isatty(STDERR_FILENO) == 1
    private let started = Date()
    private var done = 0
    private var lastDrawn = Date.distantPast

    init(_ label: String, total: Int) {
        self.label = label
        self.total = total
    }

    mutating func advance(by count: Int) {
        done += count
        guard isVisible, done >= total || Date().timeIntervalSince(lastDrawn) > 0.1 else { return }
        lastDrawn = Date()
        let share = total == 0 ? 1 : Double(done) / Double(total)
        let filled = Int(share * Double(Self.width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        let rate = Double(done) / max(Date().timeIntervalSince(started), 0.001)
        write("\r\(label) \(bar) \(done)/\(total)  \(Int(rate))/s")
        if done >= total { write("\n") }
    }

    /// Ends the line of work that took less than its total.
    func finish() {
        if isVisible, done < total { write("\n") }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
