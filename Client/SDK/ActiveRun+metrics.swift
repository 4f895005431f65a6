import Wire

extension ActiveRun {
    /// Logs one value of a training metric.
    ///
    /// - Parameters:
    ///   - name: Such as `loss`.
    ///   - value: NaN and infinities are kept as such.
    ///   - round: Of an iterative training, such as a generation.
    ///   - phase: Such as `train` or `val`.
    ///   - timestamp: UNIX seconds; now if nil.
    public func log(
        _ name: String,
        _ value: Double,
        step: Int? = nil,
        round: Int? = nil,
        epoch: Int? = nil,
        phase: String? = nil,
        timestamp: Double? = nil
    ) {
        let record = MetricRecord(
            runID: id,
            name: name,
            value: value,
            step: step.map(Int64.init),
            round: round.map(Int64.init),
            epoch: epoch.map(Int64.init),
            phase: phase,
            timestamp: timestamp ?? Self.now
        )
        delivery.intake.add(record, whenFull: delivery.options.metricsWhenFull)
    }

    /// Logs values of several metrics at one time; see ``log(_:_:step:round:epoch:phase:timestamp:)``.
    public func log(
        _ values: [String: Double],
        step: Int? = nil,
        round: Int? = nil,
        epoch: Int? = nil,
        phase: String? = nil,
        timestamp: Double? = nil
    ) {
        let timestamp = timestamp ?? Self.now
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            log(name, value, step: step, round: round, epoch: epoch, phase: phase, timestamp: timestamp)
        }
    }
}
