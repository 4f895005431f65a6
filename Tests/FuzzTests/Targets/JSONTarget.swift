import NIOCore

@testable import Wire

/// JSON: what the scanner accepts is what the decoder reads, what is written is read again, and both writers agree.
struct JSONTarget: FuzzTarget {
    static let name = "json"
    static let rounds = 2000

    init() {}

    func run(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        try compareWriters(text)
        guard let members = try? JSONScanner.members(of: bytes) else { return }
        for (key, range) in members {
            try demand(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(key) lies at \(range)")
            _ = try JSONScanner.members(of: Array(bytes[range]))
        }
        let suspects = JSONSuspects(ByteBuffer(bytes: bytes)).found
        guard let value = try? JSONCoding.decode(JSONValue.self, from: ByteBuffer(bytes: bytes)) else {
            // The decoder says nothing, so this must: a number that is too large, or half of a surrogate pair.
            try demand(!suspects.isEmpty, "is not decoded, and nothing looks wrong")
            return
        }
        guard case .object(let object) = value else { throw Finding("the scanner saw an object, the decoder none") }
        try demand(Set(object.keys) == Set(members.keys), "\(object.keys) are decoded, \(members.keys) scanned")
        let written = try JSONCoding.encode(value)
        let again = try JSONCoding.decode(JSONValue.self, from: written)
        try demand(again == value, "\(value) is written as \(String(buffer: written)) and read as \(again)")
        try demand(try JSONScanner.members(of: Array(written.readableBytesView)) != nil, "what is written is not JSON")
    }

    private func compareWriters(_ text: String) throws {
        var number = UInt64(0)
        for byte in text.utf8.prefix(8) { number = number << 8 | UInt64(byte) }
        let pair = Pair(number: Double(bitPattern: number), text: text)
        let (fast, general) = (try JSONCoding.encode(pair), try JSONCoding.encodeGenerally(pair))
        try demand(fast == general, "\(String(buffer: fast)) is not \(String(buffer: general))")
    }

    private struct Pair: JSONWritable {
        let number: Double
        let text: String

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.member("number", number)
                json.member("text", text)
            }
        }
    }
}
