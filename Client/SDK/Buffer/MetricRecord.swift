/// One value of one metric, as a training process logged it.
struct MetricRecord: Sendable {
    let runID: String
    let name: String
    let value: Double
    let step: Int64?
    let round: Int64?
    let epoch: Int64?
    let phase: String?
    /// UNIX seconds
    let timestamp: Double

    /// The memory it takes, about.
    var bytes: Int { MemoryLayout<MetricRecord>.size + name.utf8.count + (phase?.utf8.count ?? 0) }
}
