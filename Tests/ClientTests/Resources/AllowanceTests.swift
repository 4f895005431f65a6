import Testing

@testable import Holdfast

struct AllowanceTests {
    @Test func aLongReadingIsPaidOffBeforeTheNext() {
        var allowance = Allowance(share: 0.01, bound: 0.02)
        let start = ContinuousClock.now
        allowance.save(until: start)
        #expect(!allowance.isSpent)
        allowance.spend(0.05)
        allowance.save(until: start.advanced(by: .seconds(2)))
        #expect(allowance.isSpent)
        allowance.save(until: start.advanced(by: .seconds(4)))
        #expect(!allowance.isSpent)
    }

    @Test func noMoreThanTheBoundIsSaved() {
        var allowance = Allowance(share: 0.01, bound: 0.02)
        let start = ContinuousClock.now
        allowance.save(until: start)
        allowance.save(until: start.advanced(by: .seconds(1000)))
        allowance.spend(0.02)
        #expect(allowance.isSpent)
    }
}
