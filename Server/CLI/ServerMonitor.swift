import Holdfast
import ServiceLifecycle
import Synchronization
import Wire

/// Measures once a second what the server and its machine use.
final class ServerMonitor: Service {
    private let latest = Mutex<[ServerStats.Result.Resource]>([])

    var readings: [ServerStats.Result.Resource] { latest.withLock { $0 } }

    func run() async throws {
        var sampler = ResourceSampler()
        let ticks = AsyncStream<Void> {
            try? await ContinuousClock().sleep(for: .seconds(1))
            return Task.isCancelled ? nil : ()
        }
        // The first one at once: rates need two.
        _ = sampler.sample()
        for await _ in ticks.cancelOnGracefulShutdown() {
            let samples = sampler.sample().map { sample in
                ServerStats.Result.Resource(
                    metricType: sample.type,
                    metricName: sample.name,
                    value: sample.value,
                    unit: sample.unit
                )
            }
            latest.withLock { $0 = samples }
        }
    }
}
