import Foundation

/// Draws cart, pole and track as a camera in front of the track sees them.
struct Renderer: Sendable {
    static let width = 160
    static let height = 120

    static let background = Canvas.Color(red: 250, green: 250, blue: 247)
    static let track = Canvas.Color(red: 120, green: 124, blue: 130)
    static let cart = Canvas.Color(red: 38, green: 50, blue: 72)
    static let pole = Canvas.Color(red: 205, green: 122, blue: 46)
    static let hinge = Canvas.Color(red: 240, green: 200, blue: 120)

    /// Pixels a metre: the track and half a metre beyond each of its ends fill the width.
    static let scale = Double(width) / (2 * Environment.positionLimit + 1)
    static let cartSize = (width: 18.0, height: 9.0)
    static let trackHeight = 96.0
    /// Twice its true length, so that the eye sees where it leans.
    static let poleLength = 4 * Environment.halfPoleLength * scale

    private let backdrop: Canvas

    init() {
        var canvas = Canvas(width: Self.width, height: Self.height, background: Self.background)
        Self.drawTrack(on: &canvas)
        self.backdrop = canvas
    }

    /// Height × width × 3 bytes.
    func frame(of state: CartState) -> [UInt8] {
        var canvas = backdrop
        let center = Double(Self.width) / 2 + state.position * Self.scale
        let top = Self.trackHeight - 2 - Self.cartSize.height
        canvas.fillRectangle(
            from: Canvas.Point(x: center - Self.cartSize.width / 2, y: top),
            to: Canvas.Point(x: center + Self.cartSize.width / 2, y: top + Self.cartSize.height),
            Self.cart
        )
        let hinge = Canvas.Point(x: center, y: top + 2)
        canvas.stroke(from: hinge, to: Self.tip(of: state, above: hinge), width: 4, Self.pole)
        canvas.stroke(from: hinge, to: hinge, width: 3, Self.hinge)
        return canvas.pixels
    }

    private static func tip(of state: CartState, above hinge: Canvas.Point) -> Canvas.Point {
        Canvas.Point(x: hinge.x + sin(state.angle) * poleLength, y: hinge.y - cos(state.angle) * poleLength)
    }

    /// A rail with a post where the cart would leave it.
    private static func drawTrack(on canvas: inout Canvas) {
        canvas.fillRectangle(
            from: Canvas.Point(x: 0, y: trackHeight - 1),
            to: Canvas.Point(x: Double(width), y: trackHeight + 1),
            track
        )
        for limit in [-Environment.positionLimit, Environment.positionLimit] {
            let x = Double(width) / 2 + limit * scale
            canvas.fillRectangle(
                from: Canvas.Point(x: x - 1, y: trackHeight - 5),
                to: Canvas.Point(x: x + 1, y: trackHeight + 5),
                track
            )
        }
    }
}
