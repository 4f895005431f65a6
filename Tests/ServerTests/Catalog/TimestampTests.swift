import Testing

@testable import Server

struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.000000Z"),
        (-0.000001, "1969-12-31T23:59:59.999999Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"),
        (951_868_800, "2000-03-01T00:00:00.000000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        (4_107_456_000, "2100-02-28T00:00:00.000000Z"),
        (1_709_164_800, "2024-02-29T00:00:00.000000Z"),
        (1_000_000_000.25, "2001-09-09T01:46:40.250000Z"),
        (1_735_689_599.999999, "2024-12-31T23:59:59.999999Z"),
        (-62_135_596_800, "0001-01-01T00:00:00.000000Z"),
        (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
    ])
    func knownTimesHaveKnownTexts(seconds: Double, text: String) throws {
        #expect(Timestamp.text(seconds) == text)
        #expect(abs(try #require(Timestamp.seconds(text)) - seconds) < 1e-9)
    }

    @Test func everyDayOfFourCenturiesComesBack() {
        // A whole cycle of the Gregorian calendar: days follow one another, and leap days are where they belong.
        var previous = ""
        var leapDays = 0
        for day in stride(from: -73_048, to: -73_048 + 146_097, by: 1) {
            let seconds = Double(day) * 86400 + 43_200
            let text = Timestamp.text(seconds)
            #expect(Timestamp.seconds(text) == seconds)
            #expect(text > previous)
            if text.dropFirst(4).hasPrefix("-02-29") { leapDays += 1 }
            previous = text
        }
        #expect(leapDays == 97)
    }

    @Test func textsSortAsTimesDo() {
        var generator = SeededGenerator(seed: 1)
        let times = (0..<2000).map { _ in Double.random(in: Timestamp.range, using: &generator) }
        #expect(times.sorted().map(Timestamp.text) == times.map(Timestamp.text).sorted())
    }

    @Test func microsecondsSurviveTheRoundTrip() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<2000 {
            let text = Timestamp.text(Double.random(in: -1e9...4e9, using: &generator))
            #expect(Timestamp.text(try #require(Timestamp.seconds(text))) == text)
        }
    }

    @Test(arguments: [-1e300, -.infinity, 1e300, .infinity])
    func timesOutOfRangeAreTheNearestInIt(seconds: Double) {
        let nearest = seconds < 0 ? Timestamp.range.lowerBound : Timestamp.range.upperBound
        #expect(Timestamp.text(seconds) == Timestamp.text(nearest))
    }

    @Test(arguments: [
        "", "2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z", "2024-01-01 00:00:00.000000Z",
        "2024-01-01T00:00:00.000000", "2024-01-01T00:00:00.000000z", "2024-01-01T00:00:0x.000000Z",
        "+024-01-01T00:00:00.000000Z", "2024-01-01T00:00:00.000000Z ",
    ])
    func otherTextsAreNoTimes(text: String) {
        #expect(Timestamp.seconds(text) == nil)
    }
}
