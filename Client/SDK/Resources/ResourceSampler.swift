import Glibc

/// Measures what the machine and one process with its descendants use, on Linux.
///
/// Whoever owns it calls ``sample(at:)`` at regular intervals, always from one thread at a time. What can't be read,
/// such as in a container, is absent from the samples. At 1 Hz it takes less than half a percent of a core.
///
/// | type | name | unit | |
/// | --- | --- | --- | --- |
/// | `cpu` | `system_total` | % | 100 = all cores |
/// | `cpu` | `process_tree` | % | 100 = one core, as in top(1) |
/// | `ram` | `system_total` | % | of the machine's memory, whatever limits a container has |
/// | `ram` | `system_used` | MB | |
/// | `ram` | `process_tree` | MB | shared pages counted once |
/// | `gpu` | `<i>_utilization`, `<i>_memory` | %, MB | for each GPU |
/// | `disk` | `read`, `written` | MB/s | all disks |
/// | `network` | `received`, `sent` | MB/s | all interfaces |
///
/// CPU and rates are means since the last tick, hence absent from the first. A MB is 2^20 bytes.
package struct ResourceSampler: Sendable {
    private let proc: String
    private var text = ProcText()
    private var cpu: SystemCPU
    private var tree: ProcessTree
    private var treeCPU = TreeCPU()
    private var treeMemory: TreeMemory
    private var gpus: GPUs
    private var disks: DiskTraffic
    private var network: NetworkTraffic
    private var previousTime: ContinuousClock.Instant?
    /// At the previous tick, in clock ticks since the machine's start.
    private var previousUptime: UInt64?

    /// A sampler of a process, its descendants and the machine that it runs on.
    package init(
        root: Int32 = getpid(),
        proc: String = "/proc",
        sys: String = "/sys",
        nvml: String = "libnvidia-ml.so.1",
        nvidiaSMI: String = "nvidia-smi"
    ) {
        self.proc = proc
        cpu = SystemCPU(proc: proc)
        tree = ProcessTree(root: root, proc: proc)
        treeMemory = TreeMemory(proc: proc)
        gpus = GPUs(sys: sys, library: nvml, tool: NvidiaSMI(path: nvidiaSMI))
        disks = DiskTraffic(proc: proc, sys: sys)
        network = NetworkTraffic(proc: proc, sys: sys)
    }

    /// One tick; all its samples belong to this time.
    package mutating func sample(at time: ContinuousClock.Instant = .now) -> [ResourceSample] {
        let seconds = previousTime.map { (time - $0).seconds }
        previousTime = time
        var samples: [ResourceSample] = []
        samples.reserveCapacity(16)
        func add(_ type: String, _ name: String, _ value: Double?, _ unit: String) {
            if let value { samples.append(ResourceSample(type: type, name: name, value: value, unit: unit)) }
        }

        add("cpu", "system_total", cpu.percent(text: &text), "%")
        let processes = processTree(at: time, seconds: seconds)
        add("cpu", "process_tree", processes.cpu, "%")
        let memory = SystemMemory(proc: proc, text: &text)
        add("ram", "system_total", memory.map { 100 * $0.used / $0.total }, "%")
        add("ram", "system_used", memory.map { $0.used / 1_048_576 }, "MB")
        add("ram", "process_tree", processes.bytes.map { $0 / 1_048_576 }, "MB")
        for gpu in gpus.readings(at: time, text: &text) {
            add("gpu", "\(gpu.index)_utilization", gpu.utilization, "%")
            add("gpu", "\(gpu.index)_memory", gpu.memory, "MB")
        }
        let disk = disks.rates(seconds: seconds, text: &text)
        add("disk", "read", disk.incoming, "MB/s")
        add("disk", "written", disk.outgoing, "MB/s")
        let traffic = network.rates(seconds: seconds, text: &text)
        add("network", "received", traffic.incoming, "MB/s")
        add("network", "sent", traffic.outgoing, "MB/s")
        return samples
    }

    /// The CPU time in percent of one core, and the memory in bytes.
    private mutating func processTree(
        at time: ContinuousClock.Instant,
        seconds: Double?
    ) -> (cpu: Double?, bytes: Double?) {
        // Before the processes: one that starts meanwhile and is overlooked counts since its start in the next tick.
        let uptime = readUptime()
        let processes = tree.read(at: time, text: &text)
        let ticks = treeCPU.ticks(of: processes, since: previousUptime)
        previousUptime = uptime
        if processes.isEmpty { return (nil, nil) }
        let bytes = treeMemory.bytes(of: processes, at: time, text: &text)
        guard let ticks, let seconds, seconds > 0 else { return (nil, bytes) }
        // More than all cores can do comes from before: a process that could not be seen was waited for.
        let most = cpu.cores.map { 100 * Double($0) } ?? .infinity
        return (min(most, 100 * Double(ticks) / ProcessStat.ticksPerSecond / seconds), bytes)
    }

    /// The first number of /proc/uptime, seconds with two decimals, in clock ticks.
    private mutating func readUptime() -> UInt64? {
        guard text.load("\(proc)/uptime"), let seconds = text.integer(), text.skip("."), let hundredths = text.integer()
        else { return nil }
        return UInt64((Double(seconds) + Double(hundredths) / 100) * ProcessStat.ticksPerSecond)
    }
}
