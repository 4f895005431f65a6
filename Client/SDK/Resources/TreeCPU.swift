import Glibc

/// The CPU time that a tree of processes uses from one reading to the next.
///
/// When a process ends and is waited for, its time moves to its parent's `waited` time. So the time that was already
/// counted while it ran is taken off what the parent gains, and what it used after the last reading is not lost.
struct TreeCPU: Sendable {
    private struct Record {
        let start: UInt64
        let parent: pid_t
        let own: UInt64
        let waited: UInt64
        /// Already counted time of children that ended and that the parent has not gained yet, in clock ticks.
        var owed: UInt64 = 0

        init(_ process: ProcessStat) {
            start = process.identity.start
            parent = process.parent
            own = process.own
            waited = process.waited
        }
    }

    private var records: [pid_t: Record]?

    /// The clock ticks used since the last reading; nil for the first one.
    ///
    /// - Parameters:
    ///   - processes: Read parents first: then a child's time can't be both its own and its parent's.
    ///   - previous: The uptime at the last reading, in clock ticks. A process that is new here and started after it
    ///     counts since its start; one that is older and was overlooked counts from now on.
    mutating func ticks(of processes: [ProcessStat], since previous: UInt64?) -> UInt64? {
        var current: [pid_t: Record] = [:]
        for process in processes { current[process.pid] = Record(process) }
        defer { records = current }
        guard let records, !processes.isEmpty else { return nil }
        let ended = Self.ended(from: records, to: current)
        var ticks: UInt64 = 0
        for process in processes {
            if let old = records[process.pid], old.start == process.identity.start {
                ticks &+= process.own.minus(old.own)
                let gained = process.waited.minus(old.waited)
                let endedNow = ended[process.pid] ?? 0
                ticks &+= gained.minus(old.owed &+ endedNow)
                // A child that was waited for after its parent was read is settled next time. Never longer: one that
                // was not waited for at all (SIGCHLD ignored) would eat the time of others.
                current[process.pid]?.owed = endedNow.minus(gained.minus(old.owed))
            } else if previous.map({ process.identity.start >= $0 }) ?? true {
                ticks &+= process.own &+ process.waited
            }
        }
        return ticks
    }

    /// The counted time of processes that ended, by the nearest ancestor that is still there.
    private static func ended(from old: [pid_t: Record], to current: [pid_t: Record]) -> [pid_t: UInt64] {
        var ended: [pid_t: UInt64] = [:]
        for (pid, record) in old where current[pid]?.start != record.start {
            var ancestor = record.parent
            var steps = 0
            // A chain of parents is no longer than there are processes, unless a pid was used again meanwhile.
            while let parent = old[ancestor], current[ancestor]?.start != parent.start, steps < old.count {
                ancestor = parent.parent
                steps += 1
            }
            ended[ancestor, default: 0] &+= record.own &+ record.waited &+ record.owed
        }
        return ended
    }
}

extension UInt64 {
    /// The difference, or 0 when it would be negative.
    fileprivate func minus(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
