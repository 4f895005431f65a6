import Glibc

/// What `/proc/<pid>/stat` says of one process.
struct ProcessStat: Sendable, Equatable {
    /// A process among all that ever ran since the machine's start: a pid is used again, with a later start.
    struct Identity: Sendable, Hashable {
        var pid: pid_t
        /// Clock ticks from the machine's start to the process's.
        var start: UInt64
    }

    var identity: Identity
    var parent: pid_t
    /// CPU time of the process itself, all its threads included, in clock ticks.
    var own: UInt64
    /// CPU time of the descendants that ended and were waited for, in clock ticks.
    var waited: UInt64
    var threads: UInt64
    /// Memory that is in RAM, in bytes; pages that several processes share are counted in each.
    var residentBytes: UInt64

    var pid: pid_t { identity.pid }

    /// Nil when the process is gone or can't be read.
    init?(_ pid: pid_t, proc: String, text: inout ProcText) {
        // The fields by proc_pid_stat(5). The command, the second one, may hold spaces, newlines and parentheses; no
        // later field holds a parenthesis.
        guard text.load("\(proc)/\(pid)/stat"), text.skip(throughLast: UInt8(ascii: ")")) else { return nil }
        text.skipWords(1)  // state
        guard let parent = text.integer().flatMap(pid_t.init(exactly:)) else { return nil }
        text.skipWords(9)  // pgrp … cmajflt
        guard let user = text.integer(), let system = text.integer() else { return nil }
        guard let waitedUser = text.integer(), let waitedSystem = text.integer() else { return nil }
        text.skipWords(2)  // priority, nice
        guard let threads = text.integer() else { return nil }
        text.skipWords(1)  // itrealvalue
        guard let start = text.integer() else { return nil }
        text.skipWords(1)  // vsize
        guard let pages = text.integer() else { return nil }

        identity = Identity(pid: pid, start: start)
        self.parent = parent
        own = user &+ system
        waited = waitedUser &+ waitedSystem
        self.threads = threads
        residentBytes = pages &* Self.pageBytes
    }

    /// Clock ticks per second, the unit of times in /proc.
    static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    private static let pageBytes = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
}
