import CSpool
import Glibc

/// A lock on a file, held until this is gone or the process is; no child of fork() holds it.
final class FileLock {
    private let descriptor: Int32

    /// Takes the lock of a file, which is made if need be; nil if another process, or another opening in this one, has it.
    convenience init?(_ path: String) throws {
        try self.init(path, LOCK_EX)
    }

    private init?(_ path: String, _ kind: Int32) throws {
        let descriptor = try Files.openHere(path, O_RDWR | O_CREAT)
        if flock(descriptor, kind | LOCK_NB) != 0 {
            let code = errno
            cspool_close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw Files.Failure(operation: "flock", path: path, code: code)
        }
        self.descriptor = descriptor
    }

    /// Whether nobody holds the lock of a file; false if that can't be told.
    static func isFree(_ path: String) -> Bool {
        // Shared: of two that ask at the same time neither is taken for its holder.
        (try? FileLock(path, LOCK_SH)) != nil
    }

    deinit { cspool_close(descriptor) }
}
