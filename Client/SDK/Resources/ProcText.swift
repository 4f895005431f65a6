import Glibc

/// The bytes of one small file at a time, and a cursor that reads words and numbers from them.
///
/// The buffer is kept, so that a file of /proc costs its system calls and no allocation.
struct ProcText {
    /// No more than this is read of any file, in bytes; what lies behind it counts as missing.
    private static let limit = 4 << 20

    private var bytes: [UInt8]
    private var end: Int
    private var index = 0

    init() {
        bytes = [UInt8](repeating: 0, count: 16 << 10)
        end = 0
    }

    /// A text that is in memory already.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        end = bytes.count
    }

    /// Reads a file from its beginning; false when it is not there, unreadable or empty.
    mutating func load(_ path: String) -> Bool {
        (index, end) = (0, 0)
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        // A short read is not the end: the kernel hands out some of these files a page at a time.
        while end < Self.limit {
            if end == bytes.count { bytes.append(contentsOf: repeatElement(0, count: bytes.count)) }
            let count = unsafe bytes.withUnsafeMutableBytes { [end] buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
                return unsafe read(file, rest.baseAddress, rest.count)
            }
            if count > 0 { end += count } else if count == 0 || errno != EINTR { break }
        }
        return end > 0
    }

    private var current: UInt8? { index < end ? bytes[index] : nil }

    private mutating func skipSpaces() {
        while let byte = current, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { index += 1 }
    }

    /// The next number on this line; nil, with the cursor where it was but for spaces, when there is something else.
    mutating func integer() -> UInt64? {
        skipSpaces()
        let start = index
        var value: UInt64 = 0
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLargeNow) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !isTooLarge, !isTooLargeNow else {
                index = start
                return nil
            }
            value = sum
            index += 1
        }
        return index > start ? value : nil
    }

    /// Passes over words on this line.
    mutating func skipWords(_ count: Int) {
        for _ in 0..<count { _ = wordRange() }
    }

    /// The next word on this line, ended by a space or by the separator; empty at the line's end.
    mutating func word(endedBy separator: UInt8 = UInt8(ascii: " ")) -> String {
        String(decoding: bytes[wordRange(endedBy: separator)], as: UTF8.self)
    }

    private mutating func wordRange(endedBy separator: UInt8 = UInt8(ascii: " ")) -> Range<Int> {
        skipSpaces()
        let start = index
        while let byte = current, byte != separator, byte > UInt8(ascii: " ") { index += 1 }
        return start..<index
    }

    /// Passes over a text; false, with the cursor where it was, when it isn't there.
    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard index + count <= end else { return false }
        for offset in 0..<count {
            guard unsafe bytes[index + offset] == text.utf8Start[offset] else { return false }
        }
        index += count
        return true
    }

    /// Goes behind the next such byte of this line; false, with the cursor at the line's end, when there is none.
    mutating func skip(through wanted: UInt8) -> Bool {
        while let byte = current, byte != UInt8(ascii: "\n") {
            index += 1
            if byte == wanted { return true }
        }
        return false
    }

    /// Goes behind the last such byte of the file; false when there is none.
    mutating func skip(throughLast wanted: UInt8) -> Bool {
        guard let last = bytes[index..<end].lastIndex(of: wanted) else { return false }
        index = last + 1
        return true
    }

    /// Goes to the beginning of the next line; false when there is none.
    mutating func nextLine() -> Bool {
        while let byte = current {
            index += 1
            if byte == UInt8(ascii: "\n") { return index < end }
        }
        return false
    }
}
