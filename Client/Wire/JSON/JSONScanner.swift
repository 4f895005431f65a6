import NIOCore

/// Checks that bytes are one JSON value and says where its members lie, without building values.
///
/// The grammar is RFC 8259's, strictly, with a bound on nesting. One pass finds the few members that routing needs, so
/// that the parameters are decoded once, straight into their type.
struct JSONScanner {
    /// A text that is not JSON, or nests too deeply, and the offset where that shows.
    struct Failure: Error, Equatable {
        let reason: String
        let offset: Int
    }

    static let maximumDepth = 64

    private let bytes: [UInt8]
    private var index = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The byte ranges of the members' values by key (the last one wins), or nil when the text is another valid value.
    static func members(of bytes: [UInt8]) throws(Failure) -> [String: Range<Int>]? {
        var scanner = JSONScanner(bytes)
        scanner.skipSpace()
        var members: [String: Range<Int>]?
        if scanner.current == UInt8(ascii: "{") {
            members = try scanner.topLevelMembers()
        } else {
            try scanner.value(depth: 0)
        }
        scanner.skipSpace()
        guard scanner.current == nil else { throw scanner.failure("unexpected bytes behind the JSON object") }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Failure(reason: "not valid UTF-8", offset: 0)
        }
        return members
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: index) }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func expect(_ byte: UInt8) throws(Failure) {
        guard current == byte else { throw failure("expected '\(Character(UnicodeScalar(byte)))'") }
        index += 1
    }

    private mutating func topLevelMembers() throws(Failure) -> [String: Range<Int>] {
        var ranges: [(key: Range<Int>, value: Range<Int>)] = []
        try object(depth: 0) { ranges.append(($0, $1)) }
        let members = ranges.map { (key(at: $0.key), $0.value) }
        return Dictionary(members, uniquingKeysWith: { $1 })
    }

    /// A key without its escapes.
    private func key(at range: Range<Int>) -> String {
        let plain = String(decoding: bytes[range], as: UTF8.self)
        guard plain.utf8.contains(UInt8(ascii: "\\")) else { return plain }
        // The quotes stand beside it. What does not decode, half a surrogate pair, is a key that nobody asks for.
        let quoted = ByteBuffer(bytes: bytes[(range.lowerBound - 1)...range.upperBound])
        return (try? JSONCoding.decode(String.self, from: quoted)) ?? plain
    }

    private mutating func object(
        depth: Int,
        member: (Range<Int>, Range<Int>) -> Void = { _, _ in }
    ) throws(Failure) {
        index += 1
        skipSpace()
        if current == UInt8(ascii: "}") {
            index += 1
            return
        }
        while true {
            skipSpace()
            let key = index + 1
            try string()
            let keyRange = key..<(index - 1)
            skipSpace()
            try expect(UInt8(ascii: ":"))
            skipSpace()
            let start = index
            try value(depth: depth + 1)
            member(keyRange, start..<index)
            skipSpace()
            if current == UInt8(ascii: ",") {
                index += 1
                continue
            }
            return try expect(UInt8(ascii: "}"))
        }
    }

    private mutating func array(depth: Int) throws(Failure) {
        index += 1
        skipSpace()
        if current == UInt8(ascii: "]") {
            index += 1
            return
        }
        while true {
            skipSpace()
            try value(depth: depth + 1)
            skipSpace()
            if current == UInt8(ascii: ",") {
                index += 1
                continue
            }
            return try expect(UInt8(ascii: "]"))
        }
    }

    private mutating func value(depth: Int) throws(Failure) {
        guard depth < Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth) levels") }
        switch current {
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case nil: throw failure("ends too early")
        default: try number()
        }
    }

    private mutating func literal(_ word: StaticString) throws(Failure) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard unsafe current == word.utf8Start[offset] else { throw failure("expected a value") }
            index += 1
        }
    }

    private mutating func string() throws(Failure) {
        try expect(UInt8(ascii: "\""))
        while let byte = current {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw failure("control character in a string")
            default: break
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escape() throws(Failure) {
        guard let byte = current else { throw failure("a string does not end") }
        index += 1
        switch byte {
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                guard let digit = current, isHexDigit(digit) else { throw failure("bad \\u escape") }
                index += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            break
        default: throw failure("bad escape in a string")
        }
    }

    private mutating func number() throws(Failure) {
        if current == UInt8(ascii: "-") { index += 1 }
        if current == UInt8(ascii: "0") {
            index += 1
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            index += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
    }

    private mutating func digits() throws(Failure) {
        let start = index
        while let byte = current, isDigit(byte) { index += 1 }
        guard index > start else { throw failure("expected a value") }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "f")
    }
}
