import NIOCore
import PNG
import Wire

/// 64 bits that are nearly the same for pictures that look nearly the same: the difference hash (Neal Krawetz, "Kind of
/// Like That", 2013). The picture is reduced to 9 × 8 gray levels; a bit says whether a level is brighter than its right
/// neighbour.
struct PerceptualHash: Sendable, Equatable {
    /// Pictures whose hashes differ in at most as many bits are taken for near-duplicates.
    static let nearDistance = 3
    /// One more band than bits may differ, so that near-duplicates have at least one band in common.
    static let bands = nearDistance + 1
    private static let bandBits = 64 / bands
    private static let columns = 9
    private static let rows = 8
    /// Labeled pictures with a common band that are compared; many more are many copies of a few.
    private static let mostCompared = 256

    /// As SQLite keeps it.
    let bits: Int64

    init(_ bits: Int64) { self.bits = bits }

    /// The hash of an array as the page shows it; nil for what is no picture.
    init?(of array: ArrayValue) {
        let picture = unsafe array.bytes.withUnsafeReadableBytes { bytes in
            unsafe try? Thumbnail.render(dtype: array.dtype, shape: array.shape, bytes: bytes, size: nil)
        }
        guard let picture else { return nil }
        self.init(of: picture)
    }

    init(of picture: Bitmap) {
        let levels = Self.levels(of: picture)
        var bits: UInt64 = 0
        for row in 0..<Self.rows {
            for column in 0..<(Self.columns - 1) {
                let place = row * Self.columns + column
                bits = bits << 1 | (levels[place] > levels[place + 1] ? 1 : 0)
            }
        }
        self.bits = Int64(bitPattern: bits)
    }

    func distance(to other: PerceptualHash) -> Int { (bits ^ other.bits).nonzeroBitCount }

    func isNearDuplicate(of other: PerceptualHash) -> Bool { distance(to: other) <= Self.nearDistance }

    /// Mean gray level of each cell of a 9 × 8 grid; a picture that is smaller gives its nearest pixels.
    private static func levels(of picture: Bitmap) -> [Double] {
        let channels = picture.channels
        // Alpha says nothing of how bright a pixel is.
        let colors = channels == 2 || channels == 4 ? channels - 1 : channels
        var levels: [Double] = []
        for row in 0..<rows {
            let ys = span(row, of: rows, in: picture.height)
            for column in 0..<columns {
                let xs = span(column, of: columns, in: picture.width)
                var sum = 0
                for y in ys {
                    for x in xs {
                        let first = (y * picture.width + x) * channels
                        for color in 0..<colors { sum += Int(picture.pixels[first + color]) }
                    }
                }
                levels.append(Double(sum) / Double(ys.count * xs.count * colors))
            }
        }
        return levels
    }

    private static func span(_ index: Int, of count: Int, in length: Int) -> Range<Int> {
        let start = min(length - 1, index * length / count)
        return start..<max(start + 1, (index + 1) * length / count)
    }

    // MARK: SQL

    /// The indexed expression for a band of bits.
    static func band(_ index: Int) -> String { "((phash >> \(index * bandBits)) & \((1 << bandBits) - 1))" }

    /// The condition of the bands' indexes.
    static let indexed = "phash IS NOT NULL AND labeled_at IS NOT NULL"

    /// Whether a labeled picture looks nearly the same.
    static func isLabeled(near hash: PerceptualHash, _ connection: Connection) throws -> Bool {
        for band in 0..<bands {
            let value = hash.bits >> (band * bandBits) & ((1 << bandBits) - 1)
            let others = try connection.rows(
                """
                SELECT phash FROM labels INDEXED BY labels_phash_\(band)
                WHERE \(indexed) AND \(self.band(band)) = ? LIMIT \(mostCompared)
                """,
                [value]
            ) { PerceptualHash($0.integer(0)) }
            if others.contains(where: hash.isNearDuplicate) { return true }
        }
        return false
    }
}
