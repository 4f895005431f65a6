import Foundation

/// Converts between UNIX seconds and the text times of the tables: UTC, `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
///
/// Always six digits of a second, so that texts sort as times do. Dates are computed with Howard Hinnant's
/// days-from-civil algorithm (proleptic Gregorian calendar).
enum Timestamp {
    /// The server's clock, in UNIX seconds.
    static func now() -> Double { Date().timeIntervalSince1970 }

    private static let start = (time: now(), instant: ContinuousClock.now)

    /// The time by a clock that nobody sets, for what must last as long as was said, such as leases: the server's clock as it
    /// was when this was first asked for, and the UNIX seconds that have passed since.
    static func steady() -> Double {
        let (seconds, attoseconds) = start.instant.duration(to: .now).components
        return start.time + Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// The range of times that have four-digit years.
    static let range: ClosedRange<Double> = -62_135_596_800...253_402_300_799

    static func text(_ seconds: Double) -> String {
        let microseconds = Int64((min(max(seconds, range.lowerBound), range.upperBound) * 1e6).rounded())
        let (days, rest) = floorDivide(microseconds, 86_400_000_000)
        let (year, month, day) = civil(days: days)
        let second = rest / 1_000_000
        var digits: [UInt8] = []
        digits.reserveCapacity(27)
        append(year, 4, "-", to: &digits)
        append(month, 2, "-", to: &digits)
        append(day, 2, "T", to: &digits)
        append(second / 3600, 2, ":", to: &digits)
        append(second / 60 % 60, 2, ":", to: &digits)
        append(second % 60, 2, ".", to: &digits)
        append(rest % 1_000_000, 6, "Z", to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    /// The UNIX seconds of a text that ``text(_:)`` made; nil for other texts.
    static func seconds(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        let separators: [(Int, Character)] = [
            (4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "."), (26, "Z"),
        ]
        guard bytes.count == 27, separators.allSatisfy({ bytes[$0] == $1.asciiValue }) else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let micro = number(20..<26), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        let whole = days(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
        return Double(whole) + Double(micro) / 1e6
    }

    private static func append(_ value: Int64, _ width: Int, _ separator: Character, to digits: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            digits.append(0x30 + UInt8(value / divisor % 10))
            divisor /= 10
        }
        digits.append(separator.asciiValue ?? 0x20)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let quotient = value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
        return (quotient, value - quotient * divisor)
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = floorDivide(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shiftedYear, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
