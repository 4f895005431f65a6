/// The traffic of the network interfaces by /proc/net/dev.
struct NetworkTraffic: Sendable {
    private let proc: String
    private let sys: String
    private var meter = RateMeter()
    /// Whether an interface is hardware, by its name.
    private var isHardware: [String: Bool] = [:]

    init(proc: String, sys: String) {
        self.proc = proc
        self.sys = sys
    }

    /// What was received (incoming) and sent (outgoing).
    mutating func rates(seconds: Double?, text: inout ProcText) -> RateMeter.Rates {
        meter.rates(of: counters(text: &text), seconds: seconds)
    }

    /// Of the hardware's interfaces; of all but `lo` where there are none, as in a container.
    ///
    /// What goes through a bridge, a bond, a tunnel or a container's pair of interfaces also goes through the hardware,
    /// and would be counted twice or three times.
    private mutating func counters(text: inout ProcText) -> [String: RateMeter.Counters]? {
        guard text.load("\(proc)/net/dev") else { return nil }
        var all: [String: RateMeter.Counters] = [:]
        // Two lines of headings, then `name: received bytes, 7 more, sent bytes, …`, by proc_pid_net(5).
        guard text.nextLine(), text.nextLine() else { return nil }
        repeat {
            let name = text.word(endedBy: UInt8(ascii: ":"))
            guard name != "lo", text.skip(":"), let received = text.integer() else { continue }
            text.skipWords(7)
            guard let sent = text.integer() else { continue }
            all[name] = RateMeter.Counters(incoming: received, outgoing: sent)
        } while text.nextLine()
        if all.isEmpty { return nil }
        forgetGoneInterfaces(but: all)
        let hardware = all.filter { isHardware($0.key) }
        return hardware.isEmpty ? all : hardware
    }

    private mutating func isHardware(_ name: String) -> Bool {
        if let known = isHardware[name] { return known }
        let exists = Folder.exists("\(sys)/class/net/\(name)/device")
        isHardware[name] = exists
        return exists
    }

    /// A host of containers makes interfaces with new names all the time.
    private mutating func forgetGoneInterfaces(but all: [String: RateMeter.Counters]) {
        if isHardware.count > all.count + 64 { isHardware = isHardware.filter { all[$0.key] != nil } }
    }
}
