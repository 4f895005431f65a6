import Glibc

/// Holds a loop back to so many turns a second.
struct Pace {
    private let interval: Duration?
    private var next = ContinuousClock.now

    /// - Parameter rate: Turns a second; 0: as fast as possible.
    init(rate: Double) { interval = rate > 0 ? .seconds(1 / rate) : nil }

    /// Waits for the next turn.
    mutating func wait() {
        guard let interval else { return }
        next += interval
        let left = next - ContinuousClock.now
        guard left > .zero else { return }
        let (seconds, attoseconds) = left.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        unsafe _ = nanosleep(&time, nil)
    }
}
