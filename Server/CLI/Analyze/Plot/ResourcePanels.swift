/// Arranges the measured resources in panels: CPU, RAM, GPU utilisation, GPU memory.
struct ResourcePanels {
    /// A resource with its line.
    struct Series {
        let resource: ResourceSeries
        let line: PlotLine
    }

    private static let processTree = "process_tree"
    private static let utilisation = ["utilization", "utilisation", "util"]
    private static let memory = ["memory", "memory_used", "used"]
    private static let mostGPUs = 16
    /// Series of one unit, of which one is so many times the other, have an axis each.
    private static let mostRatio = 4.0

    let series: [Series]

    /// The resources that are drawn: of the CPU and the RAM the system's and the processes' own, of each GPU two.
    static func choose(from all: [ResourceSeries]) -> [ResourceSeries] {
        func named(_ type: String, _ names: [String]) -> ResourceSeries? {
            names.lazy.compactMap { name in all.first { $0.type == type && $0.name == name } }.first
        }
        let cpu = [named("cpu", ["system_total"]), named("cpu", [processTree])]
        let ram = [named("ram", ["system_used", "system_total"]), named("ram", [processTree])]
        let gpus = all.filter { $0.gpu != nil }.sorted { ($0.gpu ?? 0, $0.member) < ($1.gpu ?? 0, $1.member) }
        return (cpu + ram).compactMap(\.self) + gpus.filter { utilisation.contains($0.member) }.prefix(mostGPUs)
            + gpus.filter { memory.contains($0.member) }.prefix(mostGPUs)
    }

    var panels: [Figure.Panel] {
        let gpus = series.filter { $0.resource.gpu != nil }
        return [
            panel("CPU", series.filter { $0.resource.type == "cpu" }),
            panel("RAM", series.filter { $0.resource.type == "ram" }),
            panel("GPU utilisation", gpus.filter { Self.utilisation.contains($0.resource.member) }),
            panel("GPU memory", gpus.filter { Self.memory.contains($0.resource.member) }),
        ].compactMap(\.self)
    }

    private func panel(_ title: String, _ series: [Series]) -> Figure.Panel? {
        guard !series.isEmpty else { return nil }
        // One unit for all of a kind, that of the largest.
        let largest = series.filter { $0.resource.unit == "MB" }.max {
            ($0.resource.peak ?? 0) < ($1.resource.peak ?? 0)
        }
        func scale(_ series: Series) -> (unit: String, divisor: Double) {
            series.resource.unit == "MB" ? largest?.resource.scale ?? ("MB", 1) : series.resource.scale
        }
        let isSplit = needsTwoAxes(series)
        let curves = series.enumerated().map { place, series in
            let (unit, divisor) = scale(series)
            let isOnRight = isSplit && series.resource.name == Self.processTree
            return Figure.Curve(
                title: legend(series.resource) + (isSplit ? " (\(unit), \(isOnRight ? "right" : "left"))" : ""),
                colour: Palette.line(place),
                dash: 1 + place / 7,
                isOnRight: isOnRight,
                line: series.line.divided(by: divisor)
            )
        }
        let units = series.map { scale($0).unit }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return Figure.Panel(title: "\(title) (\(units.joined(separator: ", ")))", isFromZero: true, curves: curves)
    }

    private func needsTwoAxes(_ series: [Series]) -> Bool {
        guard series.count == 2, let own = series.first(where: { $0.resource.name == Self.processTree }),
            let other = series.first(where: { $0.resource.name != Self.processTree })
        else { return false }
        guard own.resource.unit == other.resource.unit else { return true }
        let peaks = [own.resource.peak ?? 0, other.resource.peak ?? 0]
        return (peaks.max() ?? 0) > Self.mostRatio * (peaks.min() ?? 0)
    }

    private func legend(_ resource: ResourceSeries) -> String {
        if let gpu = resource.gpu { return "GPU \(gpu)" }
        return resource.name == Self.processTree ? "process tree" : "system"
    }
}
