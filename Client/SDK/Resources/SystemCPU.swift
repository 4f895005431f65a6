/// How busy all cores of the machine are, by the first line of /proc/stat.
struct SystemCPU: Sendable {
    private struct Times {
        var busy: UInt64
        var total: UInt64
    }

    private let proc: String
    private var previous: Times?
    /// How many cores are online; nil when it is not known.
    private(set) var cores: Int?

    init(proc: String) { self.proc = proc }

    /// 0 to 100 over all cores since the last reading; nil for the first one, and when the counters went backwards.
    mutating func percent(text: inout ProcText) -> Double? {
        let times = readTimes(text: &text)
        defer { previous = times }
        guard let times, let previous, times.total > previous.total, times.busy >= previous.busy else { return nil }
        // `iowait` may fall (proc_stat(5)), so that the total grows by less than the busy time.
        return min(100, 100 * Double(times.busy - previous.busy) / Double(times.total - previous.total))
    }

    private mutating func readTimes(text: inout ProcText) -> Times? {
        cores = nil
        guard text.load("\(proc)/stat"), text.skip("cpu ") else { return nil }
        // user nice system idle iowait irq softirq steal; guest times, which follow, are part of user and nice.
        var fields: [UInt64] = []
        while fields.count < 8, let field = text.integer() { fields.append(field) }
        guard fields.count >= 4 else { return nil }
        let total = fields.reduce(0, &+)
        let waiting = fields[3] &+ (fields.count > 4 ? fields[4] : 0)
        var count = 0
        while text.nextLine(), text.skip("cpu") { count += 1 }
        cores = count > 0 ? count : nil
        return Times(busy: total &- waiting, total: total)
    }
}
