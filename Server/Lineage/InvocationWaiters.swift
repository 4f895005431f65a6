import Synchronization

/// Those who wait until something becomes of an invocation that another runs.
final class InvocationWaiters: Sendable {
    private struct State {
        var bells: [String: [Int: AsyncStream<Void>.Continuation]] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// Gives an element when something becomes of an output.
    func listen(to hashes: [String]) -> AsyncStream<Void> {
        let (stream, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.next += 1
            for hash in hashes { state.bells[hash, default: [:]][state.next] = bell }
            return state.next
        }
        bell.onTermination = { [weak self] _ in
            self?.state.withLock { state in
                for hash in hashes {
                    state.bells[hash]?[number] = nil
                    if state.bells[hash]?.isEmpty ?? false { state.bells[hash] = nil }
                }
            }
        }
        return stream
    }

    /// Tells that an output was stored, or given back.
    func wake(_ hash: String) {
        let bells = state.withLock { state in state.bells[hash].map { Array($0.values) } ?? [] }
        for bell in bells { bell.yield() }
    }
}
