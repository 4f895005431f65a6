import NIOCore
import Synchronization
import Testing
import Wire

@testable import Holdfast

/// A clock that stands until it is told to move.
final class ManualClock: Sendable {
    private let time = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000))

    var now: NIODeadline { time.withLock { $0 } }

    func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }
}

@Suite struct BatcherTests {
    private let clock = ManualClock()
    private var batcher: Batcher

    init() {
        let clock = clock
        batcher = Batcher(thresholds: .init(records: 3, bytes: 1000, delay: .seconds(5))) { clock.now }
    }

    private func metric(_ name: String) -> MetricRecord {
        MetricRecord(
            runID: "r",
            name: name,
            value: 1,
            step: nil,
            round: nil,
            epoch: nil,
            phase: nil,
            timestamp: 0
        )
    }

    private func step(
        _ index: Int64,
        action: Action? = .discrete(0),
        frame: [UInt8]? = nil,
        observation: [Float]? = nil
    ) throws -> StepRecord {
        StepRecord(
            episodeID: "e",
            index: index,
            action: action,
            reward: 0,
            terminated: false,
            truncated: false,
            frame: try frame.map { try ArrayValue($0) },
            observation: try observation.map { .array(try ArrayValue($0)) },
            info: nil,
            timestamp: 0
        )
    }

    private mutating func sealed() -> [String] {
        var batches: [String] = []
        while let batch = batcher.next() { batches.append(batch.summary) }
        return batches
    }

    @Test mutating func aLaneIsSealedWhenItHasEnoughRecords() {
        let opens = [batcher.add(metric("a"), bytes: 1), batcher.add(metric("b"), bytes: 1)]
        #expect(opens == [true, false], "only the first record opens the lane")
        #expect(!batcher.hasSealed)
        _ = batcher.add(metric("c"), bytes: 1)
        #expect(sealed() == ["metrics a b c"])
        #expect(batcher.due == nil)
        let opensAgain = batcher.add(metric("d"), bytes: 1)
        #expect(opensAgain)
    }

    @Test mutating func aLaneIsSealedWhenItHasEnoughBytes() {
        _ = batcher.add(metric("a"), bytes: 400)
        _ = batcher.add(metric("b"), bytes: 600)
        #expect(sealed() == ["metrics a b"])
    }

    @Test mutating func aLaneIsSealedWhenItsFirstRecordIsOldEnough() {
        _ = batcher.add(metric("a"), bytes: 1)
        let due = clock.now + .seconds(5)
        clock.advance(by: .seconds(4))
        _ = batcher.add(metric("b"), bytes: 1)
        #expect(batcher.due == due)
        batcher.sealDue(at: clock.now)
        #expect(!batcher.hasSealed)
        clock.advance(by: .seconds(1))
        batcher.sealDue(at: clock.now)
        #expect(sealed() == ["metrics a b"])
        #expect(batcher.due == nil)
    }

    @Test mutating func onlyTheLanesThatAreDueAreSealed() throws {
        _ = batcher.add(metric("a"), bytes: 1)
        clock.advance(by: .seconds(3))
        _ = batcher.add(try step(0), runID: "r", bytes: 1)
        clock.advance(by: .seconds(3))
        batcher.sealDue(at: clock.now)
        #expect(sealed() == ["metrics a"])
        #expect(batcher.due == clock.now + .seconds(2))
    }

    @Test mutating func kindsAndRunsThatAlternateMakeFullBatches() throws {
        for index in 0..<3 as Range<Int64> {
            _ = batcher.add(try step(index), runID: "r1", bytes: 1)
            _ = batcher.add(metric("m\(index)"), bytes: 1)
            _ = batcher.add(try step(index), runID: "r2", bytes: 1)
        }
        #expect(sealed() == ["steps r1 0 1 2", "metrics m0 m1 m2", "steps r2 0 1 2"])
    }

    @Test mutating func anEpisodesEndFollowsTheStepsOfItsRunAndWaitsForNothingElse() throws {
        _ = batcher.add(try step(0), runID: "r1", bytes: 1)
        _ = batcher.add(try step(0), runID: "r2", bytes: 1)
        _ = batcher.add(metric("a"), bytes: 1)
        let end = EpisodesFinish(runID: "r1", episodeID: "e")
        batcher.add(end, reply: nil, bytes: 1, order: .afterSteps(ofRun: "r1"))
        #expect(sealed() == ["steps r1 0", "episodes.finish"])
    }

    @Test mutating func aRunsEndFollowsEverything() throws {
        _ = batcher.add(metric("a"), bytes: 1)
        _ = batcher.add(.init(filename: "i"), bytes: 1)
        _ = batcher.add(try step(0), runID: "r", bytes: 1)
        batcher.add(RunsFinish(runID: "r", status: .finished), reply: nil, bytes: 1, order: .afterEverything)
        let batches = sealed()
        #expect(batches.last == "runs.finish")
        #expect(Set(batches.dropLast()) == ["metrics a", "images i", "steps r 0"])
    }

    @Test mutating func batchesAreNumberedInOrder() {
        for name in ["a", "b", "c", "d"] { _ = batcher.add(metric(name), bytes: 1) }
        batcher.sealAll()
        #expect([batcher.next(), batcher.next(), batcher.next()].map { $0?.ordinal } == [1, 2, nil])
        #expect(batcher.sealedCount == 2)
        batcher.sealAll()
        #expect(batcher.sealedCount == 2, "empty lanes make no batches")
    }

    @Test mutating func stepsOfAnotherLayoutBeginANewBatch() throws {
        _ = batcher.add(try step(0, frame: [1, 2]), runID: "r", bytes: 1)
        _ = batcher.add(try step(1), runID: "r", bytes: 1)
        _ = batcher.add(try step(2, frame: [1, 2, 3]), runID: "r", bytes: 1)
        _ = batcher.add(try step(3, action: .continuous(0.5)), runID: "r", bytes: 1)
        _ = batcher.add(try step(4, action: nil), runID: "r", bytes: 1)
        _ = batcher.add(try step(5, action: nil, observation: [1]), runID: "r", bytes: 1)
        _ = batcher.add(try step(6, action: nil, observation: [1, 2]), runID: "r", bytes: 1)
        batcher.sealAll()
        #expect(sealed() == ["steps r 0 1", "steps r 2", "steps r 3", "steps r 4 5", "steps r 6"])
    }
}

extension Batch {
    /// The batch in one line.
    fileprivate var summary: String {
        switch content {
        case .metrics(let records): "metrics " + records.map(\.name).joined(separator: " ")
        case .steps(let runID, let records): "steps \(runID) " + records.map { "\($0.index)" }.joined(separator: " ")
        case .images(let images): "images " + images.map(\.filename).joined(separator: " ")
        case .request(let method, _): type(of: method).name
        }
    }
}
