import Synchronization
import Wire

/// What a handler knows of a request besides its parameters.
struct CallContext: Sendable {
    /// How arrays are returned unless the request says otherwise.
    let arrayEncoding: ArrayEncoding
    /// The largest response.
    let limits: FrameLimits
    /// What the caller may do.
    let access: Access
    /// Where the caller is; nil for those who can't be told apart.
    var address: String?
    /// The connection that the request came over; nil where requests stand alone.
    var connection: ConnectionLife?
    /// Waits until the writes that came before on the same connection are answered.
    let earlierWrites: @Sendable () async -> Void
}

/// A connection's end, for what lasts as long as it.
final class ConnectionLife: Sendable {
    private struct State {
        var hasEnded = false
        var actions: [ObjectIdentifier: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Runs an action when the connection ends, once for each owner; at once if it has ended.
    func onEnd(_ owner: AnyObject, _ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if !state.hasEnded { state.actions[ObjectIdentifier(owner)] = action }
            return state.hasEnded
        }
        if isLate { action() }
    }

    func end() {
        let actions = state.withLock { state in
            state.hasEnded = true
            defer { state.actions = [:] }
            return state.actions.values
        }
        for action in actions { action() }
    }
}
