import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The data directory, held by one server at a time.
final class DataDirectory: Sendable {
    /// Another server holds the directory.
    struct InUse: Error {
        let path: String
        let holder: String
    }

    /// The system refuses what a server does with a directory.
    struct Unusable: LocalizedError {
        let errorDescription: String?
    }

    let path: String
    private let lock: Int32

    private var folder: DataFolder { DataFolder(path) }
    var database: String { folder.database }
    var arrays: String { folder.arrays }
    var sessionKey: String { folder.sessionKey }
    var endedSessions: String { folder.endedSessions }

    /// Makes the directory if needed and locks it; the lock ends with the process, however that ends.
    init(_ path: String) throws {
        self.path = path
        try DataFolder(path).make()
        lock = unsafe open(DataFolder(path).lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw Unusable(errorDescription: "holdfast.lock: \(unsafe String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? String(contentsOfFile: DataFolder(path).lock, encoding: .utf8)) ?? ""
            // `deinit` closes the lock: everything is initialised by now.
            throw InUse(path: path, holder: holder.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let holder =
            "process \(getpid()) on \(ProcessInfo.processInfo.hostName), since \(Timestamp.text(Timestamp.now()))\n"
        ftruncate(lock, 0)
        var bytes = holder
        bytes.withUTF8 { text in _ = unsafe pwrite(lock, text.baseAddress, text.count, 0) }
    }

    deinit { close(lock) }

    /// What keeps files from being made and from growing.
    enum Obstacle {
        case full
        case readOnly
    }

    /// So many bytes must be free for a commit.
    private static let smallestRoom = 1 << 20

    /// What keeps the server from writing here, found out by making room in a file that is removed again.
    func obstacle() -> Obstacle? {
        for place in [folder.telemetry, folder.arrays] where unsafe access(place, W_OK | X_OK) != 0 { return .readOnly }
        let path = path + "/holdfast.probe"
        let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // A disk without a free inode is full, too.
        guard file >= 0 else { return [ENOSPC, EDQUOT].contains(errno) ? .full : .readOnly }
        defer {
            close(file)
            unsafe unlink(path)
        }
        return posix_fallocate(file, 0, off_t(Self.smallestRoom)) == 0 ? nil : .full
    }

    /// Free bytes of the file system, for those without privileges.
    var freeBytes: Int {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
