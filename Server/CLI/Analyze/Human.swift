import Foundation

/// Numbers, times and texts as people read them.
enum Human {
    /// What stands where there is no value.
    static let nothing = "–"

    static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        let sign = value < 0 ? "-" : ""
        guard digits.count > 4 else { return sign + digits }
        let grouped = digits.enumerated().map { place, digit in
            place > 0 && (digits.count - place).isMultiple(of: 3) ? ",\(digit)" : "\(digit)"
        }
        return sign + grouped.joined()
    }

    /// `1 run`, `2 runs`.
    static func plural(_ value: Int, _ noun: String) -> String { "\(value) \(noun)\(value == 1 ? "" : "s")" }

    /// About four digits that count, or more before the point.
    static func number(_ value: Double?) -> String {
        guard let value, !value.isNaN else { return nothing }
        switch value.magnitude {
        case 0: return "0"
        case ..<0.001: return fixed(value, "%.3e")
        case ..<0.1: return fixed(value, "%.5f")
        case ..<1: return fixed(value, "%.4f")
        case ..<10: return fixed(value, "%.3f")
        case ..<100: return fixed(value, "%.2f")
        case ..<9999.95: return fixed(value, "%.1f")
        case ..<1e12: return count(Int(value.rounded()))
        default: return value.isFinite ? fixed(value, "%.3e") : value < 0 ? "-Inf" : "Inf"
        }
    }

    /// A length of time: `350 ms`, `12.40 s`, `3 min 05 s`, `2 h 05 min`, `3 d 04 h`.
    static func duration(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite, seconds.magnitude < 1e14 else { return number(seconds) }
        guard seconds >= 0 else { return "-" + duration(-seconds) }
        switch seconds {
        case 0: return "0 s"
        case ..<0.0995: return fixed(seconds * 1000, "%.2f ms")
        case ..<0.9995: return fixed(seconds * 1000, "%.0f ms")
        case ..<59.995: return fixed(seconds, "%.2f s")
        case ..<3599.5: return pair(seconds, "min", 60, "s", 1)
        case ..<172_800: return pair(seconds, "h", 3600, "min", 60)
        default: return pair(seconds, "d", 86400, "h", 3600)
        }
    }

    /// A time since a start: `0:12:05`.
    static func clock(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e14 else { return nothing }
        let whole = Int(seconds.rounded())
        return "\(whole / 3600):\(twoDigits(whole / 60 % 60)):\(twoDigits(whole % 60))"
    }

    /// A moment, UTC: `2026-11-28 05:10:12`.
    static func moment(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite else { return nothing }
        return Timestamp.text(seconds).prefix(19).replacingOccurrences(of: "T", with: " ")
    }

    static func bytes(_ count: Int) -> String {
        switch count {
        case ..<1000: "\(count) bytes"
        case ..<1_000_000: fixed(Double(count) / 1e3, "%.1f kB")
        case ..<1_000_000_000: fixed(Double(count) / 1e6, "%.1f MB")
        default: fixed(Double(count) / 1e9, "%.1f GB")
        }
    }

    /// A memory size that is stored in MB.
    static func megabytes(_ value: Double?) -> String {
        guard let value else { return nothing }
        return value.magnitude < 10000 ? "\(number(value)) MB" : "\(number(value / 1000)) GB"
    }

    /// A text of unknown origin on one line: nothing in it controls the terminal, and it is cut when it is long.
    static func text(_ text: String, limit: Int) -> String {
        let shown = String(
            String.UnicodeScalarView(text.unicodeScalars.prefix(4 * limit).map { isPlain($0) ? $0 : "\u{FFFD}" })
        )
        guard width(shown) > limit else { return shown }
        var cut = shown.prefix(limit - 1)
        while width(String(cut)) > limit - 1 { cut.removeLast() }
        return cut + "…"
    }

    /// The columns of a terminal that a text takes: signs of East Asian scripts and most emoji take two.
    static func width(_ text: String) -> Int {
        text.reduce(0) { width, character in
            switch character.unicodeScalars.first?.value ?? 0 {
            case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
                0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
                width + 2
            default: width + 1
            }
        }
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }

    private static func pair(_ seconds: Double, _ large: String, _ size: Int, _ small: String, _ part: Int) -> String {
        let parts = Int((seconds / Double(part)).rounded())
        return "\(parts * part / size) \(large) \(twoDigits(parts * part % size / part)) \(small)"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func fixed(_ value: Double, _ format: String) -> String { String(format: format, value) }
}
