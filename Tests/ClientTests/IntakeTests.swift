import NIOCore
import Synchronization
import Testing

@testable import Holdfast

@Suite(.timeLimit(.minutes(1))) struct IntakeTests {
    private let clock = ManualClock()
    private let wakes = Counter()
    private let intake: Intake

    init() {
        let (clock, wakes) = (clock, wakes)
        intake = Intake(
            thresholds: .init(records: 4, bytes: 1000, delay: .seconds(5)),
            capacity: 100,
            now: { clock.now },
            mayBlock: { true }
        )
        intake.onWake { wakes.increment() }
    }

    private func log(bytes: Int = 10, whenFull: ClientOptions.WhenFull = .block) {
        let record = MetricRecord(
            runID: "r",
            name: "m",
            value: 0,
            step: nil,
            round: nil,
            epoch: nil,
            phase: nil,
            timestamp: 0
        )
        intake.add(bytes: bytes, whenFull: whenFull) { $0.add(record, bytes: bytes) }
    }

    @Test func theSenderIsWokenOnceForAnOpenedLaneAndOnceForASealedOne() {
        log(bytes: 1)
        #expect(wakes.value == 1)
        log(bytes: 1)
        #expect(wakes.value == 1)
        let (due, dropped) = intake.serve(at: clock.now)
        #expect(due == clock.now + .seconds(5))
        #expect(dropped == 0)
        log(bytes: 1)
        #expect(wakes.value == 1, "it knows when to look")
        log(bytes: 1)
        #expect(wakes.value == 2, "a batch is ready")
        for _ in 0..<8 { log(bytes: 1) }
        #expect(wakes.value == 2, "it has not looked since")
        #expect(intake.serve(at: clock.now).due == nil)
        #expect(intake.next()?.records == 4)
    }

    @Test func whatDoesNotFitIsDroppedCountedAndToldOnce() {
        for _ in 0..<15 { log(whenFull: .drop) }
        #expect(intake.statistics.queued == 10)
        #expect(intake.statistics.queuedBytes == 100)
        #expect(intake.statistics.dropped == 5)
        #expect(intake.serve(at: clock.now).dropped == 5)
        #expect(intake.serve(at: clock.now).dropped == 0)
        intake.release(records: 1, bytes: 10, as: \.acknowledged)
        log(whenFull: .drop)
        #expect(intake.statistics.dropped == 5)
    }

    @Test func oneRecordMayBeLargerThanTheBuffer() {
        log(bytes: 500, whenFull: .drop)
        #expect(intake.statistics.queued == 1)
        log(bytes: 1, whenFull: .drop)
        #expect(intake.statistics.dropped == 1)
    }

    @Test func aBlockedThreadGoesOnWhenThereIsRoom() async throws {
        for _ in 0..<10 { log() }
        _ = intake.serve(at: clock.now)
        let woken = wakes.value
        let finished = Counter()
        inThread {
            log()
            finished.increment()
        }
        try await eventually("the sender is asked for room") { wakes.value > woken }
        #expect(finished.value == 0)
        #expect(intake.next()?.records == 4)
        #expect(intake.next()?.records == 4)
        #expect(intake.next()?.records == 2, "what is open is sealed, since nobody can fill it")
        intake.release(records: 4, bytes: 40, as: \.acknowledged)
        try await eventually("the thread goes on") { finished.value == 1 }
        #expect(intake.statistics.queued == 7)
    }

    @Test func aBlockedThreadIsLetGoWhenTheClientCloses() async throws {
        for _ in 0..<10 { log() }
        let woken = wakes.value
        _ = intake.serve(at: clock.now)
        let finished = Counter()
        inThread {
            log()
            finished.increment()
        }
        try await eventually("the thread waits") { wakes.value > woken }
        intake.close()
        try await eventually("the thread goes on") { finished.value == 1 }
        #expect(intake.statistics.dropped == 1)
        log()
        #expect(intake.statistics.dropped == 2)
    }

    @Test func aThreadThatMustNotBlockDrops() {
        let intake = Intake(
            thresholds: .init(records: 4, bytes: 1000, delay: .seconds(5)),
            capacity: 1,
            now: { .now() },
            mayBlock: { false }
        )
        for _ in 0..<2 { intake.add(bytes: 1, whenFull: .block) { _ in true } }
        #expect(intake.statistics.dropped == 1)
    }

    @Test func aFlushEndsWhenEveryBatchOfItsTimeIsSettled() async throws {
        for _ in 0..<5 { log() }
        let flushed = Counter()
        let flush = Task { [intake] in
            try await withCheckedThrowingContinuation { intake.flush(1, $0) }
            flushed.increment()
        }
        #expect(intake.next()?.records == 4)
        try await eventually("the open lane is sealed") { intake.next()?.records == 1 }
        for _ in 0..<4 { log() }
        intake.settle(batch: 1)
        #expect(flushed.value == 0)
        intake.settle(batch: 2)
        try await flush.value
        #expect(flushed.value == 1)
    }

    @Test func aFlushOfNothingEndsAtOnceAndOneThatCanNotEndThrows() async throws {
        try await withCheckedThrowingContinuation { intake.flush(1, $0) }
        log()
        intake.end(throwing: HoldfastError(.closed, "over"))
        await #expect(throws: HoldfastError.self) {
            try await withCheckedThrowingContinuation { intake.flush(2, $0) }
        }
    }
}
