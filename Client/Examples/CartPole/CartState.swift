/// Where cart and pole are: metres and radians, right and clockwise are positive, an upright pole has angle 0.
struct CartState: Sendable, Equatable {
    var position = 0.0
    var velocity = 0.0
    var angle = 0.0
    var angularVelocity = 0.0

    /// What a policy sees.
    var observation: [Double] { [position, velocity, angle, angularVelocity] }
}
