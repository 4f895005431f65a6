/// The memory of the machine by /proc/meminfo, whatever limits a container has.
struct SystemMemory: Sendable, Equatable {
    /// Bytes of RAM.
    var total: Double
    /// Bytes that can't be had without swapping: `MemTotal` - `MemAvailable`.
    var used: Double

    /// Nil when the file is not there.
    init?(proc: String, text: inout ProcText) {
        guard text.load("\(proc)/meminfo") else { return nil }
        var total: UInt64?
        var available: UInt64?
        repeat {
            if text.skip("MemTotal:") {
                total = text.integer()
            } else if text.skip("MemAvailable:") {
                available = text.integer()
            }
        } while (total == nil || available == nil) && text.nextLine()
        guard let total, let available, total > 0, available <= total else { return nil }
        self.total = Double(total) * 1024
        used = Double(total - available) * 1024
    }
}
