import Hummingbird
import Synchronization

/// Counts the requests of the HTTP door by the first part of their path, with the class of their answer's status.
final class RouteMeter: Sendable {
    /// What has a path of its own; everything else is one of the dashboard's files, or nothing.
    static let routes = [
        "episodes", "events", "exports", "frames", "healthz", "login", "logout", "metrics", "rpc", "thumbnails",
    ]
    static let files = "files"

    /// What is known of one route.
    final class Series: Sendable {
        /// Until the answer begins: that of a stream may last for hours.
        let durations = Histogram()
        /// Answers by the hundreds of their status.
        let answers = (0..<6).map { _ in Tally() }
    }

    let series = Dictionary(uniqueKeysWithValues: (routes + [files]).map { ($0, Series()) })

    fileprivate func series(of path: String) -> Series? {
        let first = path.split(separator: "/", maxSplits: 1).first.map(String.init) ?? ""
        return series[first] ?? series[Self.files]
    }
}

/// Measures every request, the refused ones too.
struct RouteMeasurement<Context: Hummingbird.RequestContext>: RouterMiddleware {
    let meter: RouteMeter

    func handle(
        _ request: Hummingbird.Request,
        context: Context,
        next: @concurrent (Hummingbird.Request, Context) async throws -> Hummingbird.Response
    ) async throws -> Hummingbird.Response {
        let start = ContinuousClock.now
        let series = meter.series(of: request.uri.path)
        let response = try await next(request, context)
        series?.durations.record(ContinuousClock.now - start)
        let hundreds = response.status.code / 100
        series?.answers[(1...5).contains(hundreds) ? hundreds : 0].add()
        return response
    }
}
