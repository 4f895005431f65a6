import Synchronization

/// Tells whoever listens that something has changed; what it is now, they ask.
final class Announcements: Sendable {
    /// What may change.
    enum Topic: String, Sendable, CaseIterable {
        case labels
        case metrics
        case runs
    }

    /// What changed since a listener heard last.
    struct Change: Sendable, Equatable {
        let topic: Topic
        /// The runs concerned.
        var runs: Set<String> = []
    }

    /// What a listener has not heard of yet.
    private struct Listener {
        let bell: AsyncStream<Void>.Continuation
        var changes: [Change] = []

        mutating func note(_ topic: Topic, _ runs: Set<String>) {
            if let index = changes.firstIndex(where: { $0.topic == topic }) {
                changes[index].runs.formUnion(runs)
            } else {
                changes.append(Change(topic: topic, runs: runs))
            }
            bell.yield()
        }
    }

    private struct State {
        var listeners: [Int: Listener] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// The changes from now on, those of a topic as one until the listener has heard of it.
    ///
    /// - Parameter beginsAtOnce: Whether the first element, without changes, comes immediately.
    func listen(beginsAtOnce: Bool = false) -> some AsyncSequence<[Change], Never> & Sendable {
        let (stream, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = Listener(bell: bell)
            return state.next
        }
        bell.onTermination = { [weak self] termination in
            // At the end of all what is not heard yet still is; a listener who left hears nothing more.
            guard case .cancelled = termination else { return }
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        if beginsAtOnce { bell.yield() }
        return stream.map { [self] in take(number) }
    }

    private func take(_ number: Int) -> [Change] {
        state.withLock { state in
            defer { state.listeners[number]?.changes = [] }
            return state.listeners[number]?.changes ?? []
        }
    }

    func post(_ topic: Topic, runs: Set<String> = []) {
        state.withLock { state in
            for number in state.listeners.keys { state.listeners[number]?.note(topic, runs) }
        }
    }

    /// Wakes whoever listens, though nothing has changed.
    func ring() {
        let bells = state.withLock { $0.listeners.values.map(\.bell) }
        for bell in bells { bell.yield() }
    }

    /// Ends all listening: the server shuts down.
    func end() {
        let bells = state.withLock { $0.listeners.values.map(\.bell) }
        for bell in bells { bell.finish() }
    }
}
