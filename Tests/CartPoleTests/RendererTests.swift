import Testing

@testable import CartPole

struct RendererTests {
    private let renderer = Renderer()

    @Test func aFrameHasItsSizeAndBackground() {
        let frame = renderer.frame(of: CartState())
        #expect(frame.count == 120 * 160 * 3)
        #expect(pixel(frame, row: 0, column: 0) == Renderer.background)
        #expect(pixel(frame, row: 119, column: 159) == Renderer.background)
        #expect(pixel(frame, row: Int(Renderer.trackHeight), column: 20) == Renderer.track)
    }

    @Test(arguments: [-2.4, -1.0, 0.0, 0.7, 2.4])
    func theCartIsWhereItsPositionSays(position: Double) {
        let frame = renderer.frame(of: CartState(position: position))
        let columns = (0..<160).filter { pixel(frame, row: 92, column: $0) == Renderer.cart }
        let expected = 80 + position * Renderer.scale
        #expect(columns.count == 17 || columns.count == 18)
        #expect(abs(center(columns) - expected) <= 0.5)
    }

    @Test(arguments: [-0.2, -0.1, 0.0, 0.1, 0.2])
    func thePoleLeansAsItsAngleSays(angle: Double) {
        let frame = renderer.frame(of: CartState(angle: angle))
        // Half a pole's length above the hinge.
        let hingeRow = Renderer.trackHeight - Renderer.cartSize.height
        let row = Int(hingeRow - Renderer.poleLength / 2)
        let columns = (0..<160).filter { pixel(frame, row: row, column: $0) == Renderer.pole }
        let expected = 80 + tangent(angle) * (hingeRow - Double(row) - 0.5)
        #expect((2...5).contains(columns.count))
        #expect(abs(center(columns) - expected) <= 1)
    }

    @Test func edgesAreSoft() {
        let frame = renderer.frame(of: CartState(angle: 0.1))
        let between = (0..<160).contains { column in
            let color = pixel(frame, row: 60, column: column)
            return color != Renderer.pole && color != Renderer.background
        }
        #expect(between)
    }

    @Test func aCartFarAwayLeavesTheTrackAlone() {
        let frame = renderer.frame(of: CartState(position: 1e300))
        #expect(frame == renderer.frame(of: CartState(position: -1e300, angle: 3)))
        #expect((0..<160).allSatisfy { pixel(frame, row: 92, column: $0) != Renderer.cart })
    }

    @Test func aShapeCoversPartOfAPixel() {
        var canvas = Canvas(width: 3, height: 1, background: Canvas.Color(red: 0, green: 0, blue: 0))
        let white = Canvas.Color(red: 200, green: 100, blue: 40)
        canvas.fillRectangle(from: Canvas.Point(x: 0.25, y: -5), to: Canvas.Point(x: 2, y: 5), white)
        #expect(canvas.pixels == [150, 75, 30, 200, 100, 40, 0, 0, 0])
    }

    private func pixel(_ frame: [UInt8], row: Int, column: Int) -> Canvas.Color {
        let index = (row * Renderer.width + column) * 3
        return Canvas.Color(red: frame[index], green: frame[index + 1], blue: frame[index + 2])
    }

    private func center(_ columns: [Int]) -> Double {
        Double(columns.reduce(0, +)) / Double(columns.count) + 0.5
    }

    /// The first terms suffice for the angles at which an episode goes on.
    private func tangent(_ angle: Double) -> Double { angle + angle * angle * angle / 3 }
}
