/// The traffic of the machine's disks by /proc/diskstats.
struct DiskTraffic: Sendable {
    private let proc: String
    private let sys: String
    private var meter = RateMeter()
    /// Whether a device is counted, by its name.
    private var isCounted: [String: Bool] = [:]

    init(proc: String, sys: String) {
        self.proc = proc
        self.sys = sys
    }

    /// What was read from (incoming) and written to (outgoing) disks.
    mutating func rates(seconds: Double?, text: inout ProcText) -> RateMeter.Rates {
        meter.rates(of: counters(text: &text), seconds: seconds)
    }

    private mutating func counters(text: inout ProcText) -> [String: RateMeter.Counters]? {
        guard text.load("\(proc)/diskstats") else { return nil }
        // The fields by proc_diskstats(5); a sector is 512 bytes there, whatever the disk has.
        var counters: [String: RateMeter.Counters] = [:]
        repeat {
            text.skipWords(2)  // major, minor
            let name = text.word()
            guard !name.isEmpty, isWholeDisk(name) else { continue }
            text.skipWords(2)  // reads, merged
            guard let read = text.integer() else { continue }
            text.skipWords(3)  // milliseconds, writes, merged
            guard let written = text.integer() else { continue }
            counters[name] = RateMeter.Counters(incoming: read &* 512, outgoing: written &* 512)
        } while text.nextLine()
        return counters.isEmpty ? nil : counters
    }

    /// Not a partition, nor in memory, nor made of other devices, whose bytes would be counted twice.
    private mutating func isWholeDisk(_ name: String) -> Bool {
        if let known = isCounted[name] { return known }
        let isVirtual = ["loop", "ram", "zram", "dm-", "md"].contains { name.hasPrefix($0) }
        let folder = "\(sys)/block/\(name)"
        let isWhole = !isVirtual && Folder.exists(folder) && Folder.names(in: "\(folder)/slaves").isEmpty
        isCounted[name] = isWhole
        return isWhole
    }
}
