import Glibc

/// The memory of a tree of processes, pages that they share counted once: the sum of their proportional set sizes.
///
/// The PSS of a process takes the kernel a walk over all its pages, milliseconds for a large one. It is read as often
/// as an allowance permits, the longest unread process first; in between, the resident memory (RSS), which costs
/// nothing, is scaled by the last ratio of both.
struct TreeMemory: Sendable {
    private struct Record {
        /// PSS / RSS when it was last read; 1 where PSS is not readable.
        var ratio: Double
        /// The count of the reading it was last read in.
        var reading: Int
    }

    private let proc: String
    private var records: [ProcessStat.Identity: Record] = [:]
    private var reading = 0
    private var allowance: Allowance

    /// - Parameter allowance: By default a fifth of a percent of a core.
    init(proc: String, allowance: Allowance = Allowance(share: 0.002, bound: 0.02)) {
        self.proc = proc
        self.allowance = allowance
    }

    /// The bytes that the processes occupy together.
    mutating func bytes(
        of processes: [ProcessStat],
        at time: ContinuousClock.Instant,
        text: inout ProcText
    ) -> Double {
        reading += 1
        allowance.save(until: time)
        var current: [ProcessStat.Identity: Record] = [:]
        for process in processes { current[process.identity] = records[process.identity] }
        records = current
        refresh(processes, text: &text)
        return total(of: processes)
    }

    private mutating func refresh(_ processes: [ProcessStat], text: inout ProcText) {
        func lastReading(_ process: ProcessStat) -> Int { records[process.identity]?.reading ?? 0 }
        for process in processes.sorted(by: { lastReading($0) < lastReading($1) }) where process.residentBytes > 0 {
            if allowance.isSpent { return }
            let start = Allowance.threadTime
            let pss = proportionalBytes(of: process.pid, text: &text)
            allowance.spend(Allowance.threadTime - start)
            let ratio = pss.map { Double($0) / Double(process.residentBytes) } ?? 1
            records[process.identity] = Record(ratio: ratio, reading: reading)
        }
    }

    /// A process that was never read shares as much as the others do: it is mostly a fork of one of them.
    private func total(of processes: [ProcessStat]) -> Double {
        var (readResident, read, unread) = (0.0, 0.0, 0.0)
        for process in processes {
            let resident = Double(process.residentBytes)
            if let record = records[process.identity] {
                readResident += resident
                read += resident * record.ratio
            } else {
                unread += resident
            }
        }
        return read + unread * (readResident > 0 ? read / readResident : 1)
    }

    /// The `Pss` of `/proc/<pid>/smaps_rollup` in bytes; nil where it is not readable, as another user's process.
    private func proportionalBytes(of pid: pid_t, text: inout ProcText) -> UInt64? {
        guard text.load("\(proc)/\(pid)/smaps_rollup") else { return nil }
        repeat {
            if text.skip("Pss:") { return text.integer().map { $0 << 10 } }
        } while text.nextLine()
        return nil
    }
}
