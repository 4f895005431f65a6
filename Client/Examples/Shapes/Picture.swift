import Foundation

/// A noisy gray picture of a disc or of a square that is turned a little.
package struct Picture {
    package static let side = 32

    package let number: Int
    package let isDisc: Bool
    /// Rows from top to bottom.
    package let pixels: [UInt8]

    package init(number: Int, seed: UInt64) {
        self.number = number
        var generator = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
        isDisc = Bool.random(using: &generator)
        let middle = (
            x: Double.random(in: 11...21, using: &generator), y: Double.random(in: 11...21, using: &generator)
        )
        let radius = Double.random(in: 4...8, using: &generator)
        let turn = Double.random(in: -0.3...0.3, using: &generator)
        let contrast = Double.random(in: 25...80, using: &generator)
        var pixels: [UInt8] = []
        for row in 0..<Self.side {
            for column in 0..<Self.side {
                let (x, y) = (Double(column) + 0.5 - middle.x, Double(row) + 0.5 - middle.y)
                let across = abs(x * cos(turn) + y * sin(turn))
                let along = abs(y * cos(turn) - x * sin(turn))
                // A square of the same area as the disc.
                let distance = isDisc ? hypot(x, y) - radius : max(across, along) - radius * 0.886
                let inside = min(1, max(0, 0.5 - distance))
                let noise = Double.random(in: -32...32, using: &generator)
                pixels.append(UInt8(min(255, max(0, 90 + contrast * inside + noise))))
            }
        }
        self.pixels = pixels
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same seed gives the same pictures everywhere.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
