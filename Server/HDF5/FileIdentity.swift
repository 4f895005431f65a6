import Glibc

/// Which file lies at a path, as it is: another one, or one that was written to since, is not equal.
package struct FileIdentity: Equatable, Sendable {
    /// Inode, size in bytes, and when it was last written to, in seconds and nanoseconds.
    let numbers: [Int]

    /// Nil where there is no file.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        numbers = [Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }

    /// Seconds since it was last written to.
    package var age: Int { time(nil) - numbers[2] }
}
