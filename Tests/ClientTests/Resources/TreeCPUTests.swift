import Testing

@testable import Holdfast

/// Ticks are ten seconds: 100 clock ticks are 10 % of a core.
struct TreeCPUTests {
    private let system: FakeSystem
    private var sampler: ResourceSampler
    private var clock = FakeClock()
    private var uptime = 50

    init() throws {
        system = try FakeSystem()
        sampler = system.sampler()
        try system.process(100, parent: 1, user: 5000, waited: 7000)
        #expect(try percent() == nil)
    }

    /// The next tick; the uptime is 60 s (6000 clock ticks), then 70 s …
    private mutating func percent() throws -> Double? {
        uptime += 10
        try system.write("proc/uptime", "\(uptime).00 99.00\n")
        return sampler.sample(at: clock.tick())["cpu", "process_tree"]
    }

    @Test mutating func theTimesOfAllProcessesAreAdded() throws {
        try system.process(101, user: 900)
        _ = try percent()
        try system.process(100, parent: 1, user: 5050, system: 50, waited: 7000)
        try system.process(101, user: 1000, system: 100)
        #expect(try percent() == 30)
    }

    @Test mutating func aNewChildCountsSinceItsStart() throws {
        try system.process(101, user: 60, system: 40, start: 6500)
        #expect(try percent() == 10)
        #expect(try percent() == 0)
    }

    @Test mutating func anOldProcessThatWasOverlookedCountsFromNowOn() throws {
        try system.process(101, user: 90_000, start: 10)
        #expect(try percent() == 0)
        try system.process(101, user: 90_100, start: 10)
        #expect(try percent() == 10)
    }

    @Test mutating func anEndedChildCountsToItsEnd() throws {
        try system.process(101, user: 3000)
        _ = try percent()
        try system.end(101)
        try system.process(100, parent: 1, user: 5000, waited: 7000 + 3100)
        #expect(try percent() == 10)
        #expect(try percent() == 0)
    }

    @Test mutating func aChildThatCameAndWentBetweenTicksCounts() throws {
        try system.process(100, parent: 1, user: 5000, waited: 7200)
        #expect(try percent() == 20)
    }

    @Test mutating func aChildThatIsWaitedForLaterIsNotCountedTwice() throws {
        try system.process(101, user: 3000)
        _ = try percent()
        try system.end(101)
        #expect(try percent() == 0)
        try system.process(100, parent: 1, user: 5000, waited: 7000 + 3100)
        #expect(try percent() == 10)
    }

    @Test mutating func aChildThatNobodyWaitsForIsForgotten() throws {
        try system.process(101, user: 3000)
        _ = try percent()
        try system.end(101)
        _ = try percent()
        _ = try percent()
        try system.process(100, parent: 1, user: 5000, waited: 7200)
        #expect(try percent() == 20)
    }

    @Test mutating func grandchildrenThatEndWithTheirParentAreNotCountedTwice() throws {
        try system.process(101, user: 1000)
        try system.process(102, parent: 101, user: 2000)
        _ = try percent()
        try system.end(101)
        try system.end(102)
        try system.process(100, parent: 1, user: 5000, waited: 7000 + 3100)
        #expect(try percent() == 10)
    }

    @Test mutating func aPidThatIsUsedAgainIsAnotherProcess() throws {
        try system.process(101, user: 3000)
        _ = try percent()
        try system.process(101, user: 100, start: 7500)
        try system.process(100, parent: 1, user: 5000, waited: 7000 + 3000)
        #expect(try percent() == 10)
    }

    @Test mutating func whatAllCoresCanNotDoIsCut() throws {
        try system.write("proc/stat", "cpu 1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\n")
        try system.process(100, parent: 1, user: 5000, waited: 900_000)
        #expect(try percent() == 200)
    }
}
