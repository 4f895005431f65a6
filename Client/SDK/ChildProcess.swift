import CSpool
import Glibc

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A program that runs beside this process, in a process group of its own.
///
/// It has no descriptors but the three standard ones, and any number may be started at once: Foundation's `Process` crashes
/// now and then where several are.
package struct ChildProcess: Sendable {
    /// A program that can't be started.
    package struct Failure: Error, CustomStringConvertible {
        package let path: String
        package let code: Int32

        package var description: String { unsafe "\(path) can't be started: \(String(cString: strerror(code)))" }
    }

    /// How a process ended.
    package enum End: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)
    }

    /// What becomes of what it writes to standard error.
    package enum Errors: Sendable {
        case shown
        case dropped
    }

    private let id: pid_t

    /// Starts a program, named by its path or looked for in `PATH`, with this process's environment.
    ///
    /// - Parameters:
    ///   - input: what becomes its standard input; by default that is empty.
    ///   - output: what becomes its standard output; by default that is dropped.
    package init(
        _ path: String,
        _ arguments: [String],
        input: Int32? = nil,
        output: Int32? = nil,
        errors: Errors = .shown
    ) throws(Failure) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // The output first: a process that closed its own standard input may have got this as 0.
        if let output {
            unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        }
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        if errors == .dropped {
            unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        unsafe cspool_spawn_closes(&actions)
        id = try unsafe Self.spawn(path, arguments, &actions)
    }

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        _ actions: inout posix_spawn_file_actions_t
    ) throws(Failure) -> pid_t {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that its children can be killed with it; signals as a program expects them.
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)

        var environment = unsafe cStrings(ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" })
        var words = unsafe cStrings([path] + arguments)
        defer {
            unsafe release(words)
            unsafe release(environment)
        }
        var id: pid_t = 0
        let code = unsafe posix_spawnp(&id, path, &actions, &attributes, &words, &environment)
        guard code == 0 else { throw Failure(path: path, code: code) }
        return id
    }

    /// Waits for its end; nil if somebody else has waited for it, or SIGCHLD is ignored.
    package func wait() -> End? {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) != id {
            guard errno == EINTR else { return nil }
        }
        return Self.end(status)
    }

    /// Sends a signal to it alone, which must not have been waited for.
    package func send(_ signal: Int32) { kill(id, signal) }

    private static func end(_ status: Int32) -> End {
        let signal = status & 0x7F
        return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
    }

    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe strings.map { unsafe strdup($0) } + [nil]
    }

    private static func release(_ strings: [UnsafeMutablePointer<CChar>?]) {
        for index in unsafe strings.indices { unsafe free(strings[index]) }
    }
}

extension ChildProcess {
    /// No more than this is taken of an output, in bytes.
    private static let outputLimit = 64 << 10

    /// Two connected sockets for a program's input or output, or nil. Instead of a pipe, which Swift's Glibc can't open with
    /// the close-on-exec flag.
    package static func connectedSockets() -> (Int32, Int32)? {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        return unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 ? (ends[0], ends[1]) : nil
    }

    /// Runs a command and returns its standard output; nil when it can't be run, fails or takes longer than the limit.
    ///
    /// Blocks until the command has ended; one that takes too long is killed with the children it has.
    package static func output(of path: String, arguments: [String], limit: Duration) -> [UInt8]? {
        let deadline = ContinuousClock.now + limit
        guard let (end, theirs) = connectedSockets() else { return nil }
        let child = try? ChildProcess(path, arguments, output: theirs, errors: .dropped)
        close(theirs)
        defer { close(end) }
        guard let child else { return nil }
        let output = readAll(end, until: deadline)
        guard let ending = child.wait(until: output == nil ? .now : deadline) else { return nil }
        return ending == .exit(0) ? output : nil
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

    /// Waits for its end and returns it; at the deadline it is killed, and nil is returned.
    private func wait(until deadline: ContinuousClock.Instant) -> End? {
        var status: Int32 = 0
        while ContinuousClock.now < deadline {
            let ended = unsafe waitpid(id, &status, WNOHANG)
            if ended == id { return Self.end(status) }
            // Someone else has waited for it, or SIGCHLD is ignored: its output must do.
            if ended < 0, errno != EINTR { return .exit(0) }
            usleep(2000)
        }
        kill(-id, SIGKILL)
        _ = wait()
        return nil
    }
}
