import Dispatch
import NIOCore

/// What an ``Intake`` guards: the batches, the counters, and whoever waits for them.
struct IntakeState: Sendable {
    /// Someone who waits until all batches up to one are settled.
    struct Flush: Sendable {
        let through: Int64
        var missing: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    var batcher: Batcher
    var statistics = DeliveryStatistics()
    /// Nothing more may come in.
    var isClosed = false
    /// Nothing more goes out.
    var ending: (any Error)?
    /// Threads that wait for room.
    var blocked: [DispatchSemaphore] = []
    var flushes: [Int: Flush] = [:]
    /// Makes the sender look, from any thread.
    var wake: (@Sendable () -> Void)?

    private var settledBatches = 0
    private var unreportedDrops = 0
    /// The sender has been asked to look and has not looked yet.
    private var isWakePending = false
    /// When the sender will look by itself.
    private var armedFor: NIODeadline?

    init(batcher: Batcher) { self.batcher = batcher }

    /// Sealed batches that are not settled.
    var unsettledBatches: Int { Int(batcher.sealedCount) - settledBatches }

    /// Asks for the sender, unless that has been done already.
    mutating func wakeOnce() -> (@Sendable () -> Void)? {
        guard !isWakePending else { return nil }
        isWakePending = wake != nil
        return wake
    }

    /// Adds records; returns how to wake the sender when it must look.
    mutating func accept(
        records: Int,
        bytes: Int,
        _ append: (inout Batcher) -> Bool
    ) -> (@Sendable () -> Void)? {
        let sealed = batcher.sealedCount
        let opened = append(&batcher)
        statistics.queued += records
        statistics.queuedBytes += bytes
        guard batcher.sealedCount > sealed || opened && armedFor == nil else { return nil }
        return wakeOnce()
    }

    mutating func drop(_ records: Int) -> (@Sendable () -> Void)? {
        statistics.dropped += records
        unreportedDrops += records
        return wakeOnce()
    }

    /// The sender looks: seals what is due, and says when to look again and what was dropped since.
    mutating func serve(at now: NIODeadline) -> (due: NIODeadline?, dropped: Int) {
        isWakePending = false
        batcher.sealDue(at: now)
        armedFor = batcher.due
        defer { unreportedDrops = 0 }
        return (armedFor, unreportedDrops)
    }

    /// A batch is done with; returns those who waited for it.
    mutating func settle(batch ordinal: Int64) -> [CheckedContinuation<Void, any Error>] {
        settledBatches += 1
        var finished: [CheckedContinuation<Void, any Error>] = []
        for (id, flush) in flushes where flush.through >= ordinal {
            if flush.missing == 1 {
                finished.append(flush.continuation)
                flushes[id] = nil
            } else {
                flushes[id]?.missing -= 1
            }
        }
        return finished
    }
}
