/// Turns counters of bytes in and out, one pair for each device, into rates of all devices together.
struct RateMeter: Sendable {
    /// Bytes since some moment.
    struct Counters: Sendable, Equatable {
        var incoming: UInt64
        var outgoing: UInt64
    }

    /// MB (2^20 bytes) per second; nil when it is not known.
    struct Rates: Sendable, Equatable {
        var incoming: Double?
        var outgoing: Double?
    }

    private var previous: [String: Counters]?

    /// The rates since the last reading.
    ///
    /// A device that was not there then or is not there now adds nothing. A counter that went backwards, because it
    /// was reset or had no more bits, leaves its direction without a rate.
    mutating func rates(of current: [String: Counters]?, seconds: Double?) -> Rates {
        defer { previous = current }
        guard let previous, let current, let seconds, seconds > 0 else { return Rates() }
        func rate(_ direction: (Counters) -> UInt64) -> Double? {
            var bytes = 0.0
            for (device, counters) in current {
                guard let before = previous[device].map(direction) else { continue }
                guard direction(counters) >= before else { return nil }
                bytes += Double(direction(counters) - before)
            }
            return bytes / seconds / 1_048_576
        }
        return Rates(incoming: rate { $0.incoming }, outgoing: rate { $0.outgoing })
    }
}
