import ArgumentParser

/// What an acknowledged write survives.
enum Durability: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// Loss of power: database and array files are synced before the response.
    case full
    /// The end of the server process by any means.
    case process
}
