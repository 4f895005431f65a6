/// What one GPU says about itself; what it does not tell is nil.
struct GPUReading: Sendable, Equatable {
    /// From 0, in the order of the driver.
    var index: Int
    /// The share of time in which something ran on it, in percent.
    var utilization: Double?
    /// Memory in use, by all processes, in MB (2^20 bytes).
    var memory: Double?
}
