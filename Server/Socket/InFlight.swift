import Synchronization

/// Bounds what one connection has asked for and was not answered yet; at the bound its socket is not read.
final class InFlight: Sendable {
    private struct State {
        var requests = 0
        var bytes = 0
        var isAbandoned = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let maximumRequests: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumRequests: Int, maximumBytes: Int) {
        self.maximumRequests = maximumRequests
        self.maximumBytes = maximumBytes
    }

    /// Counts a request in, after waiting until there is room. Only one caller waits at a time: the connection's reader.
    func enter(bytes: Int) async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                if state.requests < maximumRequests, state.bytes < maximumBytes { return true }
                state.waiter = continuation
                return false
            }
            if hasRoom { continuation.resume() }
        }
        state.withLock { state in
            state.requests += 1
            state.bytes += bytes
        }
    }

    /// Whether the client is gone: what it asked for and is not begun yet need not be done.
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    func abandon() { state.withLock { $0.isAbandoned = true } }

    /// Counts bytes to a request that is in already.
    func add(bytes: Int) { state.withLock { $0.bytes += bytes } }

    /// Counts a request out whose answer is sent.
    func leave(bytes: Int) {
        let waiter = state.withLock { state in
            state.requests -= 1
            state.bytes -= bytes
            let hasRoom = state.requests < maximumRequests && state.bytes < maximumBytes
            return hasRoom ? state.waiter.take() : nil
        }
        waiter?.resume()
    }
}
