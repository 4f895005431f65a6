import ServiceLifecycle

/// The memory for the requests of all connections: a part of it is for large ones, so that a few of those, on a slow line,
/// do not keep all others out.
struct RequestMemory: Sendable {
    private static let largestSmall = 16 << 20

    private let small: MemoryBudget
    private let large: MemoryBudget
    /// The memory itself.
    let blocks = BlockPool()

    init(bytes: Int) {
        small = MemoryBudget(bytes: bytes / 4)
        large = MemoryBudget(bytes: bytes - bytes / 4)
    }

    /// Reserves memory for a whole request, at once or when others have given some back.
    func reserve(_ bytes: Int, resume: @escaping @Sendable (MemoryBudget.Reservation) -> Void) {
        (bytes > Self.largestSmall ? large : small).reserve(bytes, resume: resume)
    }

    /// Gives back what is not used any more to the system, until the server shuts down.
    func giveBackIdle() async {
        let ticks = AsyncStream<Void> {
            try? await ContinuousClock().sleep(for: .seconds(2))
            return Task.isCancelled ? nil : ()
        }
        for await _ in ticks.cancelOnGracefulShutdown() where blocks.age() { Heap.trim() }
    }
}
