import CSpool

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// File operations that a spool needs, as functions that throw where something else than the file is amiss.
enum Files {
    /// A system call that failed.
    struct Failure: Error, CustomStringConvertible {
        let operation: String
        let path: String
        let code: Int32

        var isFull: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
        var reason: String { unsafe String(cString: strerror(code)) }
        var description: String { "\(operation) \(path): \(reason)" }
    }

    /// Why a file can't be read; nil if it can.
    static func obstacle(_ path: String) -> String? {
        unsafe access(path, R_OK) == 0 ? nil : String(cString: strerror(errno))
    }

    static func makeFolder(_ path: String) throws {
        if unsafe mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let parent = path.lastIndex(of: "/"), parent != path.startIndex else {
            throw Failure(operation: "mkdir", path: path, code: errno)
        }
        try makeFolder(String(path[..<parent]))
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw Failure(operation: "mkdir", path: path, code: errno)
        }
    }

    static func open(_ path: String, _ flags: Int32) throws -> Int32 {
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(operation: "open", path: path, code: errno) }
        return descriptor
    }

    /// Opens a file for this process only: in its children it is closed.
    static func openHere(_ path: String, _ flags: Int32) throws -> Int32 {
        let descriptor = unsafe cspool_open(path, flags)
        guard descriptor >= 0 else { throw Failure(operation: "open", path: path, code: errno) }
        return descriptor
    }

    /// What is in a folder; nothing where there is none.
    static func names(in folder: String) throws -> [String] {
        guard let stream = unsafe opendir(folder) else {
            if errno == ENOENT { return [] }
            throw Failure(operation: "opendir", path: folder, code: errno)
        }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw Failure(operation: "readdir", path: folder, code: errno) }
        return names
    }

    /// Gives a file its blocks.
    static func allocate(_ size: Int, _ descriptor: Int32, _ path: String) throws {
        var code: Int32
        repeat { code = posix_fallocate(descriptor, 0, off_t(size)) } while code == EINTR
        guard code == 0 else { throw Failure(operation: "posix_fallocate", path: path, code: code) }
    }

    static func remove(_ path: String) { unsafe _ = unlink(path) }

    static func removeFolder(_ path: String) { unsafe _ = rmdir(path) }

    /// Reads at an offset until the buffer is full or the file ends; says how much was read.
    static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        var count = 0
        while count < buffer.count {
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let got = unsafe pread(descriptor, target.baseAddress, target.count, off_t(offset + count))
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw Failure(operation: "pread", path: "segment", code: errno)
            }
            count += got
        }
        return count
    }

    /// Writes all bytes at an offset.
    static func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, _ path: String) throws {
        var count = 0
        while count < bytes.count {
            let written = unsafe bytes[count...].withUnsafeBytes { rest in
                unsafe pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + count))
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw Failure(operation: "pwrite", path: path, code: errno)
            }
            count += written
        }
    }
}
