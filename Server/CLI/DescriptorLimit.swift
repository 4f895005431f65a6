import Glibc

/// How many files, connections among them, the process may have open at a time.
enum DescriptorLimit {
    /// Two for each of the array files that stay open, and as many connections as the doors take.
    private static let wanted: rlim_t = 65_536
    /// What is open before the first client comes, with room for a few.
    private static let least: rlim_t = 64

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
