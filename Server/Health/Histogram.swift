/// How long things took: how many up to each of some fixed bounds.
///
/// Recording is two additions to atomic numbers and a look through sixteen bounds, some tens of nanoseconds.
final class Histogram: Sendable {
    /// The upper bounds of the buckets, in seconds; behind the last one comes infinity.
    static let bounds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    private static let nanoseconds = bounds.map { Int($0 * 1e9) }

    private let buckets = (0...bounds.count).map { _ in Tally() }
    private let total = Tally()

    func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        let bucket = Self.nanoseconds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count
        buckets[bucket].add()
        total.add(nanoseconds)
    }

    /// What was recorded so far: how many up to each bound, the last being all, and the sum in seconds.
    var reading: (cumulative: [Int], sum: Double) {
        var count = 0
        let cumulative = buckets.map { bucket in
            count += bucket.count
            return count
        }
        return (cumulative, Double(total.count) * 1e-9)
    }

    var count: Int { buckets.reduce(0) { $0 + $1.count } }
}
