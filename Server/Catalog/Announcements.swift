import Synchronization

/// Tells whoever listens that something has changed; what it is now, they ask.
final class Announcements: Sendable {
    /// What may change.
    enum Topic: String, Sendable, CaseIterable {
        case labels
        case runs
    }

    private struct State {
        var listeners: [Int: AsyncStream<Topic>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// The changes from now on; of a topic that changes faster than it is heard, the listener hears once.
    func listen() -> AsyncStream<Topic> {
        // Two topics, so two places are enough to lose none of them.
        let (stream, continuation) = AsyncStream<Topic>.makeStream(
            bufferingPolicy: .bufferingNewest(Topic.allCases.count)
        )
        let number = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }

    func post(_ topic: Topic) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(topic) }
    }

    /// Ends all listening: the server shuts down.
    func end() {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.finish() }
    }
}
