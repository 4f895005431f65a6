/// One resource that was measured over time.
struct ResourceSeries {
    let type: String?
    let name: String?
    let unit: String?
    var rows = 0
    var count = 0
    var mean: Double?
    var peak: Double?
    var peakTime: Double?
    var quantiles: [Double?] = []

    /// The number of the GPU, of a name such as `0_utilization`.
    var gpu: Int? {
        guard type == "gpu", let name, let end = name.firstIndex(of: "_") else { return nil }
        return Int(name[..<end])
    }

    /// The type, and of GPUs which.
    var group: String { gpu.map { "gpu \($0)" } ?? type ?? Human.nothing }

    /// The name without the number of the GPU.
    var member: String {
        guard gpu != nil, let name, let end = name.firstIndex(of: "_") else { return name ?? Human.nothing }
        return String(name[name.index(after: end)...])
    }

    /// The unit in which the values are short, and what they are divided by for it.
    var scale: (unit: String, divisor: Double) {
        unit == "MB" && peak ?? 0 >= 10000 ? ("GB", 1000) : (unit ?? Human.nothing, 1)
    }
}
