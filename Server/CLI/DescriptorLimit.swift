import Glibc

/// How many files, connections among them, the process may have open at a time.
enum DescriptorLimit {
    /// As many connections as the doors take, and the rest for files.
    private static let wanted: rlim_t = 65_536
    /// Two for each of the 256 array files that stay open, some more for the database and for what is being made, and
    /// connections. It must never be reached: libdispatch, which now and then looks at the process's threads in
    /// /proc, ends a process that can open no file.
    private static let least: rlim_t = 1024

    /// How many connections the TCP door takes, and the HTTP door; and of further ones, how many of each are told that they
    /// are too many. The rest is for files.
    static var connections: (tcp: Int, http: Int, refused: Int) {
        (min(16_384, current * 5 / 8 - 384), min(4096, current / 8), min(128, current / 32))
    }

    /// What the limit can be raised to.
    static var attainable: Int { Int(clamping: min(limit().rlim_max, wanted)) }

    static var current: Int { Int(clamping: limit().rlim_cur) }

    /// Raises the limit as far as the system lets a user; throws if the server could not work even so.
    static func raise() throws {
        var limit = limit()
        let highest = min(limit.rlim_max, wanted)
        if limit.rlim_cur < highest {
            limit.rlim_cur = highest
            _ = unsafe setrlimit(resource, &limit)
        }
        guard current >= least else {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "the process may have only \(current) files open and needs at least \(least), better \(wanted); raise the limit, such as with: ulimit -n \(wanted)"
            )
        }
    }

    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)

    private static func limit() -> rlimit {
        var limit = rlimit()
        // It can't fail: the resource exists, and so does the memory.
        _ = unsafe getrlimit(resource, &limit)
        return limit
    }
}
