import Testing

@testable import Server

struct HumanTests {
    @Test(arguments: [
        (0, "0"), (9999, "9999"), (10000, "10,000"), (-1_234_567, "-1,234,567"), (100_000, "100,000"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func countsAreGrouped(value: Int, text: String) { #expect(Human.count(value) == text) }

    @Test(arguments: [
        (0, "0"), (1e-9, "1.000e-09"), (0.001, "0.00100"), (0.12345, "0.1235"), (-2.5, "-2.500"), (99.95, "99.95"),
        (9999.9, "9999.9"), (9999.96, "10,000"), (1_234_567.8, "1,234,568"), (1e300, "1.000e+300"),
        (.infinity, "Inf"), (-.infinity, "-Inf"), (.nan, "–"),
    ])
    func numbersHaveAboutFourDigits(value: Double, text: String) { #expect(Human.number(value) == text) }

    @Test(arguments: [(0, "0 runs"), (1, "1 run"), (12000, "12000 runs")])
    func oneIsNotMany(value: Int, text: String) { #expect(Human.plural(value, "run") == text) }

    @Test func whatIsMissingIsADash() {
        #expect(Human.number(nil) == "–")
        #expect(Human.duration(nil) == "–")
        #expect(Human.clock(nil) == "–")
        #expect(Human.moment(nil) == "–")
        #expect(Human.megabytes(nil) == "–")
    }

    @Test(arguments: [
        (0, "0 s"), (0.00042, "0.42 ms"), (0.35, "350 ms"), (0.9999, "1.00 s"), (12.4, "12.40 s"),
        (59.999, "1 min 00 s"),
        (185, "3 min 05 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min"), (273_600, "3 d 04 h"), (-2, "-2.00 s"),
        (.infinity, "Inf"), (1e300, "1.000e+300"),
    ])
    func durationsHaveUnits(seconds: Double, text: String) { #expect(Human.duration(seconds) == text) }

    @Test(arguments: [
        (0, "0:00:00"), (725.4, "0:12:05"), (94_325, "26:12:05"), (-1, "–"), (.nan, "–"), (.infinity, "–"),
    ])
    func clocksCountHours(seconds: Double, text: String) { #expect(Human.clock(seconds) == text) }

    @Test func sizes() {
        #expect(Human.bytes(999) == "999 bytes")
        #expect(Human.bytes(48_200_000) == "48.2 MB")
        #expect(Human.megabytes(512) == "512.0 MB")
        #expect(Human.megabytes(31200) == "31.20 GB")
        #expect(Human.moment(1_795_000_000) == "2026-11-18 11:06:40")
    }

    @Test func textsControlNothingAndAreCut() {
        #expect(Human.text("\u{1B}[31mred\n\u{202E}x", limit: 40) == "\u{FFFD}[31mred\u{FFFD}\u{FFFD}x")
        #expect(Human.text("abcdef", limit: 6) == "abcdef")
        #expect(Human.text("abcdefg", limit: 6) == "abcde…")
        #expect(Human.text("損失損失", limit: 6) == "損失…")
        #expect(Human.width("損失é") == 5)
    }
}
