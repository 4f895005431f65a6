import Foundation

/// An RGB picture that is painted shape by shape with soft edges.
struct Canvas: Sendable {
    struct Color: Sendable, Equatable {
        let red: UInt8
        let green: UInt8
        let blue: UInt8
    }

    /// A point in pixels; (0, 0) is the upper left corner of the upper left pixel.
    struct Point: Sendable {
        let x: Double
        let y: Double
    }

    let width: Int
    let height: Int
    /// Rows from top to bottom, three bytes a pixel.
    private(set) var pixels: [UInt8]

    init(width: Int, height: Int, background: Color) {
        self.width = width
        self.height = height
        self.pixels = [UInt8](repeating: 0, count: width * height * 3)
        for index in stride(from: 0, to: pixels.count, by: 3) {
            pixels[index] = background.red
            pixels[index + 1] = background.green
            pixels[index + 2] = background.blue
        }
    }

    mutating func fillRectangle(from corner: Point, to opposite: Point, _ color: Color) {
        let center = Point(x: (corner.x + opposite.x) / 2, y: (corner.y + opposite.y) / 2)
        let halfWidth = (opposite.x - corner.x) / 2
        let halfHeight = (opposite.y - corner.y) / 2
        fill(from: corner, to: opposite, color) { point in
            max(abs(point.x - center.x) - halfWidth, abs(point.y - center.y) - halfHeight)
        }
    }

    /// A line with round ends; from a point to itself it is a disc.
    mutating func stroke(from start: Point, to end: Point, width: Double, _ color: Color) {
        let radius = width / 2
        let along = Point(x: end.x - start.x, y: end.y - start.y)
        let squaredLength = along.x * along.x + along.y * along.y
        let upperLeft = Point(x: min(start.x, end.x) - radius, y: min(start.y, end.y) - radius)
        let lowerRight = Point(x: max(start.x, end.x) + radius, y: max(start.y, end.y) + radius)
        fill(from: upperLeft, to: lowerRight, color) { point in
            let x = point.x - start.x
            let y = point.y - start.y
            let share = squaredLength > 0 ? min(1, max(0, (x * along.x + y * along.y) / squaredLength)) : 0
            return hypot(x - share * along.x, y - share * along.y) - radius
        }
    }

    /// Blends the color over every pixel of the box by how far its centre lies inside (negative distance) the shape.
    private mutating func fill(from corner: Point, to opposite: Point, _ color: Color, distance: (Point) -> Double) {
        let rows = Self.pixels(from: corner.y, to: opposite.y, below: height)
        let columns = Self.pixels(from: corner.x, to: opposite.x, below: width)
        for row in rows {
            for column in columns {
                let coverage = 0.5 - distance(Point(x: Double(column) + 0.5, y: Double(row) + 0.5))
                guard coverage > 0 else { continue }
                blend(color, min(1, coverage), at: (row * width + column) * 3)
            }
        }
    }

    private static func pixels(from lower: Double, to upper: Double, below end: Int) -> Range<Int> {
        let first = max(0, min(Double(end), (lower - 0.5).rounded(.down)))
        let last = max(first, min(Double(end), (upper + 0.5).rounded(.up)))
        return Int(first)..<Int(last)
    }

    private mutating func blend(_ color: Color, _ coverage: Double, at index: Int) {
        pixels[index] = Self.mix(pixels[index], color.red, coverage)
        pixels[index + 1] = Self.mix(pixels[index + 1], color.green, coverage)
        pixels[index + 2] = Self.mix(pixels[index + 2], color.blue, coverage)
    }

    private static func mix(_ below: UInt8, _ above: UInt8, _ coverage: Double) -> UInt8 {
        UInt8((Double(below) + (Double(above) - Double(below)) * coverage).rounded())
    }
}
