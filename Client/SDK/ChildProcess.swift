import Glibc

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A command that is run for what it prints.
enum ChildProcess {
    /// No more than this is taken of an output, in bytes.
    private static let outputLimit = 64 << 10

    /// Runs a command and returns its standard output; nil when it can't be run, fails or takes longer than the limit.
    ///
    /// Blocks until the command has ended; one that takes too long is killed with the children it has.
    static func output(of path: String, arguments: [String], limit: Duration) -> [UInt8]? {
        let deadline = ContinuousClock.now + limit
        // Two sockets instead of a pipe, which Swift's Glibc can't open with the close-on-exec flag.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
        let child = spawn(path, arguments: arguments, output: ends[1])
        close(ends[1])
        defer { close(ends[0]) }
        guard let child else { return nil }
        let output = readAll(ends[0], until: deadline)
        guard let status = wait(for: child, until: output == nil ? .now : deadline) else { return nil }
        return status == 0 ? output : nil
    }

    private static func spawn(_ path: String, arguments: [String], output: Int32) -> pid_t? {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // The output first: a process that closed its own standard input may have got this as 0.
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // A process group of its own, so that its children can be killed with it.
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)

        var environment = unsafe cStrings(ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" })
        var words = unsafe cStrings([path] + arguments)
        defer {
            unsafe release(words)
            unsafe release(environment)
        }
        var child: pid_t = 0
        let result = unsafe posix_spawnp(&child, path, &actions, &attributes, &words, &environment)
        return result == 0 ? child : nil
    }

    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe strings.map { unsafe strdup($0) } + [nil]
    }

    private static func release(_ strings: [UnsafeMutablePointer<CChar>?]) {
        for index in unsafe strings.indices { unsafe free(strings[index]) }
    }

    /// What comes until the other end is closed; nil when that takes longer or is too much.
    private static func readAll(_ file: Int32, until deadline: ContinuousClock.Instant) -> [UInt8]? {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while output.count < outputLimit {
            let milliseconds = Int32(clamping: Int(((deadline - .now).seconds * 1000).rounded(.up)))
            guard milliseconds > 0 else { return nil }
            var polled = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&polled, 1, milliseconds) > 0 else { continue }
            let count = unsafe read(file, &buffer, buffer.count)
            if count > 0 { output += buffer[..<count] } else if count == 0 || errno != EINTR { return output }
        }
        return nil
    }

    /// Waits for the end of a child, which is killed at the deadline, and returns its wait status; nil if it was killed.
    private static func wait(for child: pid_t, until deadline: ContinuousClock.Instant) -> Int32? {
        var status: Int32 = 0
        while ContinuousClock.now < deadline {
            let ended = unsafe waitpid(child, &status, WNOHANG)
            if ended == child { return status }
            // Someone else has waited for it, or SIGCHLD is ignored: its output must do.
            if ended < 0, errno != EINTR { return 0 }
            usleep(2000)
        }
        kill(-child, SIGKILL)
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        return nil
    }
}
