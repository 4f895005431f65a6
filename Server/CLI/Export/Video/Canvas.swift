import PNG

/// A picture of packed RGB bytes that is drawn on.
struct Canvas {
    /// Red, green, blue.
    typealias Color = [UInt8]

    let width: Int
    let height: Int
    private(set) var pixels: [UInt8]

    /// A black canvas.
    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 0, count: width * height * 3)
    }

    /// Blackens everything from a row on.
    mutating func clear(from row: Int) {
        let start = min(row, height) * width * 3
        pixels.replaceSubrange(start..., with: repeatElement(0, count: pixels.count - start))
    }

    /// Draws a picture into the upper left corner, each of its pixels as a square.
    mutating func draw(_ picture: Bitmap, scale: Int) {
        let channels = picture.channels
        for row in 0..<picture.height {
            var line: [UInt8] = []
            line.reserveCapacity(picture.width * scale * 3)
            for column in 0..<picture.width {
                // Pictures with an alpha channel are opaque here.
                let first = (row * picture.width + column) * channels
                let color =
                    channels >= 3
                    ? (picture.pixels[first], picture.pixels[first + 1], picture.pixels[first + 2])
                    : (picture.pixels[first], picture.pixels[first], picture.pixels[first])
                for _ in 0..<scale {
                    line.append(color.0)
                    line.append(color.1)
                    line.append(color.2)
                }
            }
            for repeated in 0..<scale {
                let start = (row * scale + repeated) * width * 3
                pixels.replaceSubrange(start..<(start + line.count), with: line)
            }
        }
    }

    /// Draws a line of text whose upper left corner is given; what does not fit is left out.
    mutating func draw(_ text: String, x: Int, y: Int, scale: Int, color: Color) {
        for (place, character) in text.enumerated() {
            let left = x + place * BitmapFont.advance * scale
            for (row, bits) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<BitmapFont.width where bits >> (BitmapFont.width - 1 - column) & 1 == 1 {
                    fill(x: left + column * scale, y: y + row * scale, side: scale, color)
                }
            }
        }
    }

    private mutating func fill(x: Int, y: Int, side: Int, _ color: Color) {
        guard x >= 0, y >= 0, x + side <= width, y + side <= height else { return }
        for row in y..<(y + side) {
            for column in x..<(x + side) {
                let start = (row * width + column) * 3
                pixels.replaceSubrange(start..<(start + 3), with: color)
            }
        }
    }
}
