import ServiceLifecycle

/// Has something written into every stream of events from time to time.
struct Heartbeats: Service {
    /// Often enough for proxies, most of which give up after half a minute or more.
    static let interval = Duration.seconds(15)

    let announcements: Announcements

    func run() async throws {
        let ticks = AsyncStream<Void> {
            try? await ContinuousClock().sleep(for: Self.interval)
            return Task.isCancelled ? nil : ()
        }
        for await _ in ticks.cancelOnGracefulShutdown() { announcements.ring() }
    }
}
