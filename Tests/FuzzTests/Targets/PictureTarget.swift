import PNG
import Wire

/// Pictures to import: what a file promises is bounded, and what is read is written and read again as it was.
struct PictureTarget: FuzzTarget {
    static let name = "pictures"
    static let rounds = 500
    private static let limits = PNGLimits(side: 4096, bytes: 4 << 20)

    init() {}

    func run(_ bytes: [UInt8]) throws {
        guard let picture = try? PNGDecoder.decode(bytes, limits: Self.limits) else { return }
        try demand(picture.pixels.count <= Self.limits.bytes, "\(picture.pixels.count) bytes of pixels")
        let again = try PNGDecoder.decode(try PNGEncoder.encode(picture))
        try demand(again == picture, "\(picture.width) × \(picture.height) come back otherwise")
    }
}
