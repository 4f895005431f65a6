import NIOCore

/// Finds what a decoder can't have liked in a text that is JSON: numbers that are not whole or fit no 64-bit type, and
/// halves of surrogate pairs in texts and names. The decoder itself says only that it did not like something.
struct JSONSuspects {
    /// Places such as `.steps[3].reward`, with what stands there.
    private(set) var found: [String] = []
    private static let most = 3
    private static let longest = 40

    private let bytes: [UInt8]
    private var index = 0

    /// - Parameter bytes: One JSON value; of anything else nothing is suspect.
    init(_ bytes: ByteBuffer) {
        self.bytes = Array(bytes.readableBytesView)
        // What follows relies on the grammar, and on its bound on nesting.
        do { _ = try JSONScanner.members(of: self.bytes) } catch { return }
        value("")
    }

    private var current: UInt8 { index < bytes.count ? bytes[index] : 0 }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
    }

    private mutating func value(_ path: String) {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): members(path, end: UInt8(ascii: "}"), hasKeys: true)
        case UInt8(ascii: "["): members(path, end: UInt8(ascii: "]"), hasKeys: false)
        case UInt8(ascii: "\""):
            if hasHalfPair(string()) { note(path, "half of a surrogate pair") }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number(path)
        default:
            while index < bytes.count, (0x61...0x7A).contains(current) { index += 1 }
        }
    }

    private mutating func members(_ path: String, end: UInt8, hasKeys: Bool) {
        index += 1
        var count = 0
        while found.count < Self.most, index < bytes.count {
            skipSpace()
            if current == end {
                index += 1
                return
            }
            if current == UInt8(ascii: ",") { index += 1 }
            skipSpace()
            if hasKeys {
                let text = string()
                let key = String(decoding: text.prefix(Self.longest), as: UTF8.self)
                if hasHalfPair(text) { note("\(path).\(key)", "a name with half of a surrogate pair") }
                skipSpace()
                index += 1
                value("\(path).\(key)")
            } else {
                value("\(path)[\(count)]")
            }
            count += 1
        }
    }

    /// The bytes of a string, escapes and all.
    private mutating func string() -> ArraySlice<UInt8> {
        index += 1
        let start = index
        while index < bytes.count, current != UInt8(ascii: "\"") { index += current == UInt8(ascii: "\\") ? 2 : 1 }
        let end = min(index, bytes.count)
        index = end + 1
        return bytes[start..<end]
    }

    /// Whether an escape for one half of a surrogate pair stands without the other.
    private func hasHalfPair(_ text: ArraySlice<UInt8>) -> Bool {
        var place = text.startIndex
        var isHighPending = false
        while place < text.endIndex {
            guard text[place] == UInt8(ascii: "\\"), place + 1 < text.endIndex else {
                if isHighPending { return true }
                place += 1
                continue
            }
            let isUnicode = text[place + 1] == UInt8(ascii: "u")
            let digits = isUnicode ? String(decoding: text[(place + 2)...].prefix(4), as: UTF8.self) : ""
            let unit = UInt16(digits, radix: 16) ?? 0
            let isLow = (0xDC00...0xDFFF).contains(unit)
            if isLow != isHighPending { return true }
            isHighPending = (0xD800...0xDBFF).contains(unit)
            place += isUnicode ? 6 : 2
        }
        return isHighPending
    }

    private mutating func number(_ path: String) {
        let start = index
        while index < bytes.count, !"]},".utf8.contains(current), current > 0x20 { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if Int64(text) == nil { note(path, text) }
    }

    private mutating func note(_ path: String, _ text: String) {
        if found.count < Self.most { found.append("params\(path) = \(text.prefix(Self.longest))") }
    }
}
