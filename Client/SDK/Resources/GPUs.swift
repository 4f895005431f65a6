/// The GPUs of the machine: NVIDIA's first, then AMD's.
struct GPUs: Sendable {
    private let search: NvidiaSearch
    private var amd: AMDGPUs
    /// For asking NVIDIA's library, in time that passes: it may wait for the driver. A thousandth of it.
    private var allowance = Allowance(share: 0.001, bound: 0.02)
    private var latest: [GPUReading] = []
    /// How many GPUs of NVIDIA there were at most: AMD's keep their indices when one fails.
    private var nvidiaCount = 0

    init(sys: String, library: String, tool: NvidiaSMI) {
        search = NvidiaSearch(library: library, tool: tool)
        amd = AMDGPUs(sys: sys)
    }

    /// What is known now; empty until the first search for NVIDIA's GPUs has ended, which it doesn't wait for.
    mutating func readings(at time: ContinuousClock.Instant, text: inout ProcText) -> [GPUReading] {
        guard let finding = search.finding(at: time) else { return [] }
        let nvidia: [GPUReading]
        switch finding {
        case .library(let library): nvidia = ask(library, at: time)
        case .tool(let readings): nvidia = readings
        case .nothing: nvidia = []
        }
        nvidiaCount = nvidia.reduce(nvidiaCount) { max($0, $1.index + 1) }
        return nvidia + amd.readings(from: nvidiaCount, at: time, text: &text)
    }

    private mutating func ask(_ library: NVML, at time: ContinuousClock.Instant) -> [GPUReading] {
        allowance.save(until: time)
        if !allowance.isSpent {
            let start = ContinuousClock.now
            latest = library.readings()
            allowance.spend((ContinuousClock.now - start).seconds)
        }
        return latest
    }
}
