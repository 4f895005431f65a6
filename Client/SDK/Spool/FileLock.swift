import CSpool
import Glibc

/// An exclusive lock on a file, held until this is gone or the process is; no child of fork() holds it.
final class FileLock {
    private let descriptor: Int32

    /// Takes the lock of a file, which is made if need be; nil if another process, or another opening in this one, has it.
    init?(_ path: String) throws {
        let descriptor = try Files.openHere(path, O_RDWR | O_CREAT)
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            cspool_close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw Files.Failure(operation: "flock", path: path, code: code)
        }
        self.descriptor = descriptor
    }

    deinit { cspool_close(descriptor) }
}
