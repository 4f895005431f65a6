@testable import Server

/// Changes inputs at random, in the ways in which most mistakes are found.
struct Mutator {
    private static let longest = 1 << 16
    private static let numbers = [
        "0", "-1", "1e999", "-0.0", "127", "256", "65536", "2147483648", "4294967295", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "18446744073709551616", "NaN", "null", "[]", "{}", "\"\"",
    ].map { Array($0.utf8) }
    private static let bytes: [UInt8] = [0, 1, 0x0A, 0x20, 0x22, 0x2F, 0x5C, 0x7F, 0x80, 0xC0, 0xFF]

    private var random: SeededGenerator
    private let entries: [[UInt8]]

    init(_ entries: [[UInt8]], seed: UInt64) {
        random = SeededGenerator(seed: seed)
        self.entries = entries
    }

    /// The next input: an entry after one to four changes.
    mutating func next() -> [UInt8] {
        var input = entries.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&input) }
        return Array(input.prefix(Self.longest))
    }

    private mutating func change(_ input: inout [UInt8]) {
        guard !input.isEmpty else {
            input = (0..<Int.random(in: 0...64, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            return
        }
        let place = Int.random(in: 0..<input.count, using: &random)
        let end = min(input.count, place + Int.random(in: 1...16, using: &random))
        switch Int.random(in: 0..<8, using: &random) {
        case 0: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: input[place] = Self.bytes.randomElement(using: &random) ?? 0
        case 2: input[place] &+= UInt8.random(in: 1...16, using: &random)
        case 3: input.removeSubrange(place..<end)
        case 4: input.insert(contentsOf: input[place..<end], at: place)
        case 5: input.removeSubrange(place...)
        case 6: replaceNumber(&input, from: place)
        default: splice(&input, at: place)
        }
    }

    /// Puts something odd where a number stands, if there is one behind a place.
    private mutating func replaceNumber(_ input: inout [UInt8], from place: Int) {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        guard let start = input[place...].firstIndex(where: isDigit) else { return }
        let end = input[start...].firstIndex { !isDigit($0) } ?? input.endIndex
        input.replaceSubrange(start..<end, with: Self.numbers.randomElement(using: &random) ?? [])
    }

    /// Goes on as another entry does.
    private mutating func splice(_ input: inout [UInt8], at place: Int) {
        guard let other = entries.randomElement(using: &random), !other.isEmpty else { return }
        input.replaceSubrange(place..., with: other[Int.random(in: 0..<other.count, using: &random)...])
    }
}
