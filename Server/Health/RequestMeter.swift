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
        private let series: Series
        /// Told of it; nothing for what could not be read as a request.
        private let told: (log: RequestLog, request: Request)?
        private let start = ContinuousClock.now

        fileprivate init(_ series: Series, _ told: (log: RequestLog, request: Request)?) {
            self.series = series
            self.told = told
        }

        func end(_ outcome: Response.Outcome) {
            let duration = ContinuousClock.now - start
            series.durations.record(duration)
            if case .failure(let error) = outcome { series.fail(error) }
            if let told { told.log.note(told.request, outcome, in: duration) }
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

    /// Begins to measure a request.
    func begin(_ request: Request, _ log: RequestLog) -> Measurement {
        Measurement(series[request.method] ?? others, (log, request))
    }

    /// Counts what could not be read as a request.
    func refuse(_ error: WireError) { Measurement(others, nil).end(.failure(error)) }
}
