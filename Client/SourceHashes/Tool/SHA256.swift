/// SHA-256 (FIPS 180-4), by itself: a library would be built for every user of the plugin.
struct SHA256 {
    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = {
        var primes: [UInt64] = []
        var candidate: UInt64 = 2
        while primes.count < 64 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes.map { prime in
            // The largest root with root³ ≤ prime × 2⁹⁶, whose last 32 bits are wanted.
            var low: UInt64 = 0
            var high: UInt64 = 7 << 32
            while low + 1 < high {
                let middle = (low + high) / 2
                if cube(middle, isAtMost: prime) { low = middle } else { high = middle }
            }
            return UInt32(truncatingIfNeeded: low)
        }
    }()

    /// Whether number³ ≤ prime × 2⁹⁶.
    private static func cube(_ number: UInt64, isAtMost prime: UInt64) -> Bool {
        let square = number.multipliedFullWidth(by: number)
        let lower = square.low.multipliedFullWidth(by: number)
        let upper = square.high.multipliedFullWidth(by: number)
        let (middle, carry) = lower.high.addingReportingOverflow(upper.low)
        let top = upper.high + (carry ? 1 : 0)
        if top != prime >> 32 { return top < prime >> 32 }
        return middle != prime << 32 ? middle < prime << 32 : lower.low == 0
    }

    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
        0x5be0_cd19,
    ]

    static func hash(_ data: [UInt8]) -> [UInt8] {
        var hasher = SHA256()
        var padded = data + [0x80]
        padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
        let bits = UInt64(data.count) * 8
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
        for start in stride(from: 0, to: padded.count, by: 64) {
            hasher.add(padded[start..<start + 64])
        }
        return hasher.state.flatMap { word in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }

    private mutating func add(_ block: ArraySlice<UInt8>) {
        var words: [UInt32] = []
        for place in stride(from: block.startIndex, to: block.endIndex, by: 4) {
            words.append(block[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) })
        }
        for index in 16..<64 {
            let early = words[index - 15]
            let late = words[index - 2]
            let one = Self.turn(early, 7) ^ Self.turn(early, 18) ^ early >> 3
            let other = Self.turn(late, 17) ^ Self.turn(late, 19) ^ late >> 10
            words.append(words[index - 16] &+ one &+ words[index - 7] &+ other)
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let choice = (e & f) ^ (~e & g)
            let sum = Self.turn(e, 6) ^ Self.turn(e, 11) ^ Self.turn(e, 25)
            let first = h &+ sum &+ choice &+ Self.constants[index] &+ words[index]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let second = (Self.turn(a, 2) ^ Self.turn(a, 13) ^ Self.turn(a, 22)) &+ majority
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
    }

    private static func turn(_ word: UInt32, _ bits: UInt32) -> UInt32 {
        word >> bits | word << (32 - bits)
    }
}

/// The bytes that are hashed: every part is framed by its length, so that no two lists of parts have the same.
struct Hasher256 {
    private var bytes: [UInt8] = []

    mutating func add(_ number: Int) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    mutating func add(_ text: String) {
        add(text.utf8.count)
        bytes += text.utf8
    }

    /// 64 hexadecimal digits.
    var hex: String {
        SHA256.hash(bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
