import Synchronization
import Wire

/// Counts the requests of one door by their method, with how long they took and what they were refused with.
///
/// Its size is bounded: whatever a client calls that is no method is counted under one name.
final class RequestMeter: Sendable {
    /// What is not a method, and what could not be read as a request.
    static let unknown = "unknown"

    /// What is known of one method.
    final class Series: Sendable {
        let durations = Histogram()
        private let failures = Mutex<[String: Int]>([:])

        fileprivate func fail(_ error: WireError) {
            failures.withLock { $0[error.kind.rawValue, default: 0] += 1 }
        }

        /// How many were refused, by the name of the error.
        var errors: [String: Int] { failures.withLock { $0 } }
    }

    /// A request that is being answered.
    struct Measurement: Sendable {
        fileprivate let series: Series
        private let start = ContinuousClock.now

        fileprivate init(_ series: Series) { self.series = series }

        func end(_ outcome: Response.Outcome) {
            series.durations.record(ContinuousClock.now - start)
            if case .failure(let error) = outcome { series.fail(error) }
        }
    }

    /// By method, also those that nobody has called.
    let series: [String: Series]
    private let others: Series

    init(methods: Set<String>) {
        others = Series()
        var series = [Self.unknown: others]
        for method in methods { series[method] = Series() }
        self.series = series
    }

    /// Begins to measure a request; nil: one whose method could not be read.
    func begin(_ method: String?) -> Measurement { Measurement(method.flatMap { series[$0] } ?? others) }
}
