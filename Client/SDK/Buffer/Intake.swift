import Dispatch
import NIOCore
import Synchronization

/// The bounded buffer between log calls on any thread and the sender on its event loop.
final class Intake: Sendable {
    private let state: Mutex<IntakeState>
    private let capacity: Int
    private let mayBlock: @Sendable () -> Bool

    /// - Parameter mayBlock: whether the calling thread may wait for room; the sender's own must not.
    init(
        thresholds: Batcher.Thresholds,
        capacity: Int,
        now: @escaping @Sendable () -> NIODeadline,
        mayBlock: @escaping @Sendable () -> Bool
    ) {
        state = Mutex(IntakeState(batcher: Batcher(thresholds: thresholds, now: now)))
        self.capacity = capacity
        self.mayBlock = mayBlock
    }

    var statistics: DeliveryStatistics { state.withLock { $0.statistics } }

    /// Sets how the sender is made to look.
    func onWake(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// Adds records that take so many bytes; `append` says whether it opened a lane.
    ///
    /// This is synchronous by contract, so while the buffer is full it is the calling thread that waits.
    func add(
        records: Int = 1,
        bytes: Int,
        whenFull: ClientOptions.WhenFull,
        _ append: (inout Batcher) -> Bool
    ) {
        while true {
            let (wake, room) = state.withLock { state -> ((@Sendable () -> Void)?, DispatchSemaphore?) in
                let isFull = state.statistics.queued > 0 && state.statistics.queuedBytes + bytes > capacity
                if state.isClosed || isFull && (whenFull == .drop || !mayBlock()) {
                    return (state.drop(records), nil)
                }
                guard isFull else {
                    return (state.accept(records: records, bytes: bytes, append), nil)
                }
                // What is open would never be acknowledged while those who fill it wait for room.
                state.batcher.sealAll()
                let room = DispatchSemaphore(value: 0)
                state.blocked.append(room)
                return (state.wakeOnce(), room)
            }
            wake?()
            guard let room else { return }
            room.wait()
        }
    }

    /// Adds a request that neither waits for room nor is dropped; false when the client is closed.
    func add(request append: (inout Batcher) -> Void, bytes: Int) -> Bool {
        let (accepted, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isClosed else { return (false, state.drop(1)) }
            let wake = state.accept(records: 1, bytes: bytes) { batcher in
                append(&batcher)
                return false
            }
            return (true, wake)
        }
        wake?()
        return accepted
    }

    /// Seals what is due, and says when to look again and how many records were dropped since the last time.
    func serve(at now: NIODeadline) -> (due: NIODeadline?, dropped: Int) { state.withLock { $0.serve(at: now) } }

    /// Takes the oldest sealed batch.
    func next() -> Batch? { state.withLock { $0.batcher.next() } }

    var hasSealed: Bool { state.withLock { $0.batcher.hasSealed } }

    /// Changes the counters.
    func count(_ change: (inout DeliveryStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    /// Records are acknowledged or rejected: their room is free again.
    func release(records: Int, bytes: Int, as counter: WritableKeyPath<DeliveryStatistics, Int>) {
        let blocked = state.withLock { state in
            state.statistics.queued -= records
            state.statistics.queuedBytes -= bytes
            state.statistics[keyPath: counter] += records
            defer { state.blocked = [] }
            return state.blocked
        }
        for thread in blocked { thread.signal() }
    }

    /// Nothing of a batch is left to send.
    func settle(batch ordinal: Int64) {
        for waiter in state.withLock({ $0.settle(batch: ordinal) }) { waiter.resume() }
    }

    /// Seals everything and resumes when all of it is settled; `id` is what ``cancelFlush(_:throwing:)`` takes.
    func flush(_ id: Int, _ continuation: CheckedContinuation<Void, any Error>) {
        let (result, wake) = state.withLock { state -> (Result<Void, any Error>?, (@Sendable () -> Void)?) in
            state.batcher.sealAll()
            let missing = state.unsettledBatches
            guard missing > 0 else { return (.success(()), nil) }
            if let error = state.ending { return (.failure(error), nil) }
            state.flushes[id] = .init(
                through: state.batcher.sealedCount,
                missing: missing,
                continuation: continuation
            )
            return (nil, state.wakeOnce())
        }
        if let result { continuation.resume(with: result) }
        wake?()
    }

    /// Ends the wait of one flush.
    func cancelFlush(_ id: Int, throwing error: any Error) {
        state.withLock { $0.flushes.removeValue(forKey: id) }?.continuation.resume(throwing: error)
    }

    /// Refuses further records; those who wait for room are let go, theirs are dropped.
    func close() {
        let blocked = state.withLock { state in
            state.isClosed = true
            defer { state.blocked = [] }
            return state.blocked
        }
        for thread in blocked { thread.signal() }
    }

    /// Ends the wait of every flush, since nothing will be sent any more.
    func end(throwing error: any Error) {
        let flushes = state.withLock { state in
            state.ending = error
            defer { state.flushes = [:] }
            return state.flushes
        }
        for flush in flushes.values { flush.continuation.resume(throwing: error) }
    }
}
