import Synchronization

/// Slows down whoever tries one wrong token after the other, by address.
final class LoginLimit: Sendable {
    /// How many wrong tokens an address may send in ``window`` seconds.
    static let failures = 20
    static let window = 60.0

    private struct Tries {
        var count: Int
        let end: Double
    }

    private let tries = Mutex<[String: Tries]>([:])

    /// Seconds until an address may try again; nil: it may now.
    func wait(_ address: String, at time: Double) -> Double? {
        tries.withLock { tries in
            guard let known = tries[address], known.end > time, known.count >= Self.failures else { return nil }
            return known.end - time
        }
    }

    /// Counts a wrong token; says whether it is worth a record, which of those that an address sends in a window only the
    /// first ones are.
    func fail(_ address: String, at time: Double) -> Bool {
        tries.withLock { tries in
            if tries.count >= 10_000 { tries = tries.filter { $0.value.end > time } }
            var known = tries[address] ?? Tries(count: 0, end: time + Self.window)
            if known.end <= time { known = Tries(count: 0, end: time + Self.window) }
            known.count += 1
            tries[address] = known
            return known.count <= Self.failures
        }
    }
}
