import Glibc

/// How much time a costly kind of reading may take: a share of all time, saved up to a bound.
///
/// A reading that took longer than what was saved leaves a debt, and the next one waits until it is paid. So the share
/// holds on average, however long one reading takes.
struct Allowance: Sendable {
    /// Seconds of work per second.
    private let share: Double
    /// The most that is saved, in seconds of work; it is there at the beginning.
    private let bound: Double
    private var saved: Double
    private var time: ContinuousClock.Instant?

    init(share: Double, bound: Double) {
        (self.share, self.bound, saved) = (share, bound, bound)
    }

    /// Whether there is nothing to spend now.
    var isSpent: Bool { saved <= 0 }

    /// Saves what has come in since the last time.
    mutating func save(until now: ContinuousClock.Instant) {
        if let time, now > time { saved = min(bound, saved + share * (now - time).seconds) }
        time = now
    }

    /// Takes seconds of work off.
    mutating func spend(_ seconds: Double) { saved -= seconds }

    /// The CPU time of the calling thread so far, in seconds.
    static var threadTime: Double {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
