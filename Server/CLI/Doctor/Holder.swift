import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The server that holds a data directory, if one does.
struct Holder {
    let isPresent: Bool
    /// What it wrote into its lock file: process, host, and since when.
    private let note: String

    /// Looks at the lock without keeping it.
    init(of folder: DataFolder) {
        let lock = unsafe open(folder.lock, O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else {
            (isPresent, note) = (false, "")
            return
        }
        defer { close(lock) }
        isPresent = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
        if !isPresent { flock(lock, LOCK_UN) }
        let text = (try? String(contentsOfFile: folder.lock, encoding: .utf8)) ?? ""
        note = text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    var finding: Finding {
        isPresent ? .ok("server", "\(note) is using the directory") : .ok("server", "none is using the directory")
    }

    /// Its process, where it runs on this machine.
    var process: Int32? {
        let words = note.split(separator: " ")
        guard isPresent, words.count >= 4, words[3].hasPrefix(ProcessInfo.processInfo.hostName) else { return nil }
        return Int32(words[1])
    }
}
