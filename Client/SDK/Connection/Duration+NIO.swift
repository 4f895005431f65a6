import NIOCore

extension TimeAmount {
    /// A duration in NIO's unit; what does not fit is cut off at some 292 years.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = .nanoseconds(overflow ? (seconds < 0 ? .min : .max) : whole + attoseconds / 1_000_000_000)
    }
}

extension NIODeadline {
    /// The instant a duration later.
    static func + (deadline: NIODeadline, duration: Duration) -> NIODeadline { deadline + TimeAmount(duration) }
}
