import Testing

@testable import Holdfast

@Suite struct BackoffTests {
    private let backoff = Backoff(first: .milliseconds(100), longest: .seconds(3))

    @Test func eachDelayIsBelowABoundThatDoublesUpToTheLongest() {
        let bounds: [Duration] = [100, 200, 400, 800, 1600, 3000, 3000, 3000].map { .milliseconds($0) }
        for seed in 0..<200 as Range<UInt64> {
            var delays = backoff.makeIterator(using: SeededGenerator(seed: seed))
            for bound in bounds {
                let delay = delays.next()
                #expect(delay.map { $0 >= .zero && $0 <= bound } == true)
            }
        }
    }

    @Test func delaysAreSpreadOverTheWholeBound() {
        var lower = 0
        for seed in 0..<1000 as Range<UInt64> {
            var delays = backoff.makeIterator(using: SeededGenerator(seed: seed))
            if let delay = delays.next(), delay < .milliseconds(50) { lower += 1 }
        }
        #expect((400...600).contains(lower))
    }

    @Test func itNeverEnds() {
        var delays = backoff.makeIterator()
        #expect((0..<10_000).allSatisfy { _ in delays.next() != nil })
    }

    @Test func aFirstBoundAboveTheLongestIsCutOff() {
        let backoff = Backoff(first: .seconds(60), longest: .milliseconds(1))
        #expect(backoff.prefix(20).allSatisfy { $0 <= .milliseconds(1) })
    }
}
