import Glibc

/// A file descriptor that is closed with its last owner.
final class FileDescriptor: Sendable {
    private let number: Int32
    private let path: String

    init(_ path: String, _ flags: Int32) throws(HDF5Error) {
        self.path = path
        number = open(path, flags | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw .system("open", path) }
    }

    deinit { close(number) }

    func size() throws(HDF5Error) -> UInt64 {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw .system("fstat", path) }
        return UInt64(status.st_size)
    }

    /// The first bytes of the file, fewer where it ends before.
    func readStart(_ count: Int) throws(HDF5Error) -> [UInt8] { try read(count, at: 0) }

    /// Bytes of the file, fewer where it ends before.
    func read(_ count: Int, at place: Int) throws(HDF5Error) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var length = 0
        while length < count {
            // Fewer bytes than asked for may also come before a place that can't be read.
            let read = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    number,
                    UnsafeMutableRawBufferPointer(rebasing: buffer[length...]).baseAddress,
                    count - length,
                    off_t(place + length)
                )
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw .system("pread", path) }
            if read == 0 { break }
            length += read
        }
        return length == count ? bytes : Array(bytes[..<length])
    }

    /// Writes bytes at a place of the file.
    func write(_ bytes: [UInt8], at place: Int) throws(HDF5Error) {
        var left = bytes[...]
        while !left.isEmpty {
            let offset = off_t(place + left.startIndex)
            let written = left.withUnsafeBytes { pwrite(number, $0.baseAddress, $0.count, offset) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system("pwrite", path) }
            left.removeFirst(written)
        }
    }

    /// Writes all bytes where the descriptor stands.
    func write(_ bytes: [UInt8]) throws(HDF5Error) {
        var left = bytes[...]
        while !left.isEmpty {
            let written = left.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written >= 0 else { throw .system("write", path) }
            left.removeFirst(written)
        }
    }

    /// Cuts the file, or extends it with zeros.
    func truncate(_ count: Int) throws(HDF5Error) {
        guard ftruncate(number, off_t(count)) == 0 else { throw .system("ftruncate", path) }
    }

    /// fdatasync(2): any descriptor of a file will do, also one that only reads.
    func synchronize() throws(HDF5Error) {
        guard fdatasync(number) == 0 else { throw .system("fdatasync", path) }
    }

    /// Copies the whole file to `target`, within the kernel.
    func copy(to target: FileDescriptor) throws(HDF5Error) {
        var left = Int(try size())
        var offset: off_t = 0
        while left > 0 {
            let sent = sendfile(target.number, number, &offset, left)
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw .system("sendfile", target.path) }
            left -= sent
        }
    }

    /// Makes a created or renamed file's name as durable as its contents.
    static func synchronizeDirectory(of path: String) throws(HDF5Error) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = try FileDescriptor(directory, O_RDONLY | O_DIRECTORY)
        guard fsync(descriptor.number) == 0 else { throw .system("fsync", directory) }
    }
}
