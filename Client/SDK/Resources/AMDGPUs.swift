/// AMD's GPUs by the files of their kernel driver (amdgpu).
struct AMDGPUs: Sendable {
    private let sys: String
    /// The folders of the devices, in the order of the cards.
    private var devices: [String] = []
    private var listed: ContinuousClock.Instant?

    init(sys: String) { self.sys = sys }

    /// The GPUs, counted from an index on.
    mutating func readings(
        from first: Int,
        at time: ContinuousClock.Instant,
        text: inout ProcText
    ) -> [GPUReading] {
        if listed.map({ time - $0 >= .seconds(60) }) ?? true {
            devices = listDevices()
            listed = time
        }
        return devices.enumerated().compactMap { index, device in
            let utilization = text.load("\(device)/gpu_busy_percent") ? text.integer() : nil
            let bytes = text.load("\(device)/mem_info_vram_used") ? text.integer() : nil
            if utilization == nil, bytes == nil { return nil }
            return GPUReading(
                index: first + index,
                utilization: utilization.map { Double($0) },
                memory: bytes.map { Double($0) / 1_048_576 }
            )
        }
    }

    private func listDevices() -> [String] {
        let folder = "\(sys)/class/drm"
        // `card0` is a device, `card0-DP-1` one of its connectors.
        let cards = Folder.names(in: folder).compactMap { $0.hasPrefix("card") ? Int($0.dropFirst(4)) : nil }
        return cards.sorted().map { "\(folder)/card\($0)/device" }.filter { Folder.exists("\($0)/gpu_busy_percent") }
    }
}
