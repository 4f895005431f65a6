import CSpool
import Dispatch
import NIOCore
import Wire

/// Where log calls of any thread leave their records: the writing end of the spool, and whoever waits for it.
///
/// What it guards is behind a lock of its own kind, because a child of fork() goes on with it: into a spool of the child's
/// own, which another process sends.
@safe final class Intake: @unchecked Sendable {  // `state` is used under `lock` only
    /// What a new spool is made with.
    struct Place: Sendable {
        let directory: String
        /// host:port
        let server: String
        let segmentSize: Int
        /// The most bytes of records that are not settled.
        let capacity: Int

        /// For an intake that takes nothing.
        static let nowhere = Place(directory: "/nonexistent", server: "", segmentSize: 0, capacity: 0)
    }

    private let lock: OpaquePointer
    private var state: IntakeState
    private let place: Place
    private let mayBlock: @Sendable () -> Bool

    /// - Parameter mayBlock: Whether the calling thread may wait for room; the sender's own must not.
    init(place: Place, mayBlock: @escaping @Sendable () -> Bool) {
        guard let lock = unsafe cspool_lock_make() else { preconditionFailure("out of memory") }
        unsafe self.lock = unsafe lock
        self.place = place
        self.mayBlock = mayBlock
        state = IntakeState()
    }

    deinit { unsafe cspool_lock_free(lock) }

    private func withState<Result>(_ body: (inout IntakeState) throws -> Result) rethrows -> Result {
        unsafe cspool_lock_take(lock)
        defer { unsafe cspool_lock_give(lock) }
        if state.forks != cspool_forks() { state.becomeChild() }
        return try body(&state)
    }

    /// Whether this process was forked from the one that made the client: it logs, and another process sends.
    var isChild: Bool { withState { $0.forks > 0 } }

    var statistics: DeliveryStatistics { withState { $0.statistics } }

    /// Sets how the sender is made to look.
    func onWake(_ wake: @escaping @Sendable () -> Void) { withState { $0.wake = wake } }

    /// Makes the spool, if there is none yet.
    func open() throws { try withState { _ = try $0.writer(at: place) } }

    /// The spool that this process sends; nil before anything was added.
    var opened: SpoolQueue? { withState { $0.queue } }

    // MARK: Records

    /// Adds a record.
    ///
    /// This is synchronous by contract, so while the spool is full it is the calling thread that waits.
    @inline(__always)
    func add<Record: Spoolable>(_ record: Record, whenFull: ClientOptions.WhenFull) {
        while true {
            let (wake, room) = withState { $0.add(record, place, whenFull: whenFull, mayBlock) }
            wake?()
            guard let room else { return }
            // A child has no sender that would tell it, and a disk tells nobody when it has room again.
            _ = room.wait(timeout: .now() + .milliseconds(50))
        }
    }

    /// Adds a request that neither waits for room nor is dropped, and is sent at once; false when the client is closed or
    /// the disk is full.
    func add(request: RequestRecord, reply: Batch.Reply?) throws -> Bool {
        while withState({ $0.isEnding }), mayBlock() {
            _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .seconds(1))
        }
        let (accepted, wake) = try withState { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isClosed else { return (false, state.drop(1)) }
            try state.append(request, place, reply)
            state.sendThrough = state.lastSequence
            return (true, state.wakeOnce())
        }
        wake?()
        return accepted
    }

    /// Counts records that are dropped.
    func drop(_ records: Int) { withState { $0.drop(records) }?() }

    // MARK: For the sender

    /// What the sender should know when it looks.
    func look() -> IntakeState.Outlook { withState { $0.look() } }

    /// The sender will not look again by itself, unless something came meanwhile.
    func rest(after sequence: UInt64) -> Bool { withState { $0.rest(after: sequence) } }

    /// Makes a segment ready for the writer, which does so itself otherwise.
    func prepareSpare() {
        guard let (folder, size) = withState({ $0.wantedSpare }),
            let spare = try? SegmentWriter(folder: folder, capacity: size)
        else { return }
        withState { $0.take(spare: spare) }
    }

    func takeReply(to sequence: UInt64) -> Batch.Reply? { withState { $0.replies.removeValue(forKey: sequence) } }

    /// Of requests that are not on their way yet.
    var waitingReplies: [Batch.Reply] { withState { Array($0.replies.values) } }

    /// Changes the counters.
    func count(_ change: (inout DeliveryStatistics) -> Void) { withState { change(&$0.statistics) } }

    /// Records are acknowledged or rejected: their room is free again.
    func release(records: Int, bytes: Int, as counter: WritableKeyPath<DeliveryStatistics, Int>) {
        let blocked = withState { state in
            state.statistics.queued -= records
            state.statistics.queuedBytes -= bytes
            state.statistics[keyPath: counter] += records
            defer { state.blocked = [] }
            return state.blocked
        }
        for thread in blocked { thread.signal() }
    }

    /// Nothing up to a record is left to send.
    func settle(through sequence: UInt64) {
        for flush in withState({ $0.settle(through: sequence) }) { flush.done(.success(())) }
    }

    // MARK: The end

    /// Has everything sent and tells when all of it is settled; `id` is what ``cancelFlush(_:throwing:)`` takes.
    func flush(_ id: Int, _ done: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        let (result, wake) = withState { state -> (Result<Void, any Error>?, (@Sendable () -> Void)?) in
            guard state.settledThrough < state.lastSequence else { return (.success(()), nil) }
            if let error = state.ending { return (.failure(error), nil) }
            state.sendThrough = state.lastSequence
            state.flushes[id] = .init(through: state.lastSequence, done: done)
            return (nil, state.wakeOnce())
        }
        if let result { done(result) }
        wake?()
    }

    /// Ends the wait of one flush.
    func cancelFlush(_ id: Int, throwing error: any Error) {
        withState { $0.flushes.removeValue(forKey: id) }?.done(.failure(error))
    }

    /// Has whoever logs from now on wait, since the process is about to end: what a log call returns from is in the spool.
    func hold() { withState { $0.isEnding = true } }

    /// Refuses further records; those who wait for room are let go, theirs are dropped.
    func close() {
        let blocked = withState { state in
            state.isClosed = true
            defer { state.blocked = [] }
            return state.blocked
        }
        for thread in blocked { thread.signal() }
    }

    /// Ends the wait of every flush and every answer, since nothing will be sent any more; gives the spool back.
    func end(throwing error: any Error) {
        let (flushes, replies) = withState { state in
            state.ending = error
            defer { (state.flushes, state.replies) = ([:], [:]) }
            return (state.flushes, state.replies)
        }
        for flush in flushes.values { flush.done(.failure(error)) }
        for reply in replies.values { reply(.failure(error)) }
        withState { $0.closeSpool() }
    }
}
