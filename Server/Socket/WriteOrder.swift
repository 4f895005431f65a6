import Synchronization

/// Counts a connection's writes, so that a request can wait for those that came before it.
final class WriteOrder: Sendable {
    private struct State {
        var arrived = 0
        var answered = 0
        var waiters: [(place: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// Counts a write that has arrived, and gives its place.
    func arrive() -> Int {
        state.withLock { state in
            defer { state.arrived += 1 }
            return state.arrived
        }
    }

    /// How many writes have arrived.
    var arrived: Int { state.withLock { $0.arrived } }

    /// Counts a write that was answered; they are answered in the order of arrival.
    func answer() {
        let ready = state.withLock { state in
            state.answered += 1
            let answered = state.answered
            let ready = state.waiters.filter { $0.place <= answered }
            state.waiters.removeAll { $0.place <= answered }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Waits until as many writes are answered.
    func wait(for place: Int) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.answered >= place { return true }
                state.waiters.append((place, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
