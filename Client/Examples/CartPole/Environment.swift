import Foundation

/// A pole hinged to a cart that is pushed left or right: keep it upright and the cart on the track.
///
/// The system is that of Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning
/// control problems" (1983), without friction; constants, limits and the order of integration are those of
/// Gymnasium's CartPole-v1.
struct Environment: Sendable {
    static let gravity = 9.8
    static let cartMass = 1.0
    static let poleMass = 0.1
    /// From the hinge to the pole's centre of mass.
    static let halfPoleLength = 0.5
    static let force = 10.0
    static let timeStep = 0.02
    static let angleLimit = 12 * Double.pi / 180
    static let positionLimit = 2.4
    static let longestEpisode = 500

    enum Action: Int, Sendable {
        case left
        case right
    }

    /// What a push led to.
    struct Outcome: Sendable, Equatable {
        let reward: Double
        let terminated: Bool
        let truncated: Bool
    }

    private(set) var state: CartState
    private(set) var steps = 0

    init(state: CartState) {
        self.state = state
    }

    /// Starts near the upright position.
    init(using generator: inout some RandomNumberGenerator) {
        let start = -0.05...0.05
        self.state = CartState(
            position: .random(in: start, using: &generator),
            velocity: .random(in: start, using: &generator),
            angle: .random(in: start, using: &generator),
            angularVelocity: .random(in: start, using: &generator)
        )
    }

    mutating func step(_ action: Action) -> Outcome {
        let (acceleration, angularAcceleration) = accelerations(force: action == .right ? Self.force : -Self.force)
        // Explicit Euler: positions move with the velocities before the push.
        state.position += Self.timeStep * state.velocity
        state.velocity += Self.timeStep * acceleration
        state.angle += Self.timeStep * state.angularVelocity
        state.angularVelocity += Self.timeStep * angularAcceleration
        steps += 1
        let fell = abs(state.position) > Self.positionLimit || abs(state.angle) > Self.angleLimit
        return Outcome(reward: 1, terminated: fell, truncated: !fell && steps >= Self.longestEpisode)
    }

    private func accelerations(force: Double) -> (cart: Double, pole: Double) {
        let mass = Self.cartMass + Self.poleMass
        let moment = Self.poleMass * Self.halfPoleLength
        let sine = sin(state.angle)
        let cosine = cos(state.angle)
        let push = (force + moment * state.angularVelocity * state.angularVelocity * sine) / mass
        let inertia = Self.halfPoleLength * (4.0 / 3.0 - Self.poleMass * cosine * cosine / mass)
        let pole = (Self.gravity * sine - cosine * push) / inertia
        return (push - moment * pole * cosine / mass, pole)
    }
}
