import CSpool
import Glibc

/// A piece of data generation that has begun.
public struct DataGeneration: Sendable {
    /// What is done, such as `signal_injection`.
    public let operation: String
    public let round: Int?
    public let chunk: Int?
    let start: ContinuousClock.Instant
}

extension ActiveRun {
    /// Notes that a piece of data generation begins; pass what it returns to
    /// ``logDataGenerationComplete(_:samples:memoryMB:timestamp:)``.
    ///
    /// - Parameters:
    ///   - operation: What is done, such as `signal_injection`.
    ///   - round: Of an iterative training.
    ///   - chunk: The part of the round.
    public func logDataGenerationStart(operation: String, round: Int? = nil, chunk: Int? = nil) -> DataGeneration {
        DataGeneration(operation: operation, round: round, chunk: chunk, start: .now)
    }

    /// Logs a piece of data generation that is done: how long it took, measured by a clock that nobody sets, and how much
    /// came out.
    ///
    /// - Parameters:
    ///   - samples: How many were generated.
    ///   - memoryMB: What it used, in units of 2^20 bytes; by default what this process has in memory now.
    ///   - timestamp: UNIX seconds, of its end; now if nil.
    public func logDataGenerationComplete(
        _ generation: DataGeneration,
        samples: Int? = nil,
        memoryMB: Double? = nil,
        timestamp: Double? = nil
    ) {
        let (seconds, attoseconds) = (ContinuousClock.now - generation.start).components
        let record = GenerationRecord(
            runID: id,
            operation: generation.operation,
            round: generation.round.map(Int64.init),
            chunk: generation.chunk.map(Int64.init),
            duration: Double(seconds) + Double(attoseconds) * 1e-18,
            samples: samples.map(Int64.init),
            memory: memoryMB ?? Self.residentMB,
            processID: Int64(getpid()),
            timestamp: timestamp ?? Self.now
        )
        delivery.intake.add(record, whenFull: delivery.options.metricsWhenFull)
    }

    /// Logs a metric of one epoch; see ``log(_:_:step:round:epoch:phase:timestamp:)``.
    public func logTrainingEpochMetric(
        name: String,
        value: Double,
        round: Int? = nil,
        epoch: Int? = nil,
        phase: String? = nil
    ) {
        log(name, value, round: round, epoch: epoch, phase: phase)
    }

    /// What this process has in memory, from the second number of /proc/self/statm, in units of 2^20 bytes.
    private static var residentMB: Double? {
        var text = ProcText()
        guard text.load("/proc/self/statm"), text.integer() != nil, text.skip(" "), let pages = text.integer() else {
            return nil
        }
        return Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }
}
