import Synchronization

/// Bounds what one connection has asked for and was not answered yet; at the bound its socket is not read, and no further
/// answer is made.
final class InFlight: Sendable {
    /// What a request and its answer count as.
    struct Size {
        var request: Int
        var answer = 0
    }

    private struct State {
        var requests = 0
        var bytes = 0
        /// Of answers that are being made, as expected, and of those that wait to be sent.
        var answerBytes = 0
        var isAbandoned = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Requests that wait until their answer may be made, in their order.
        var unbegun: [CheckedContinuation<Void, Never>] = []
    }

    private let maximumRequests: Int
    private let maximumBytes: Int
    private let memory: AnswerMemory
    private let state = Mutex(State())

    init(maximumRequests: Int, maximumBytes: Int, memory: AnswerMemory) {
        self.maximumRequests = maximumRequests
        self.maximumBytes = maximumBytes
        self.memory = memory
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

    // MARK: Answers

    /// Sets memory aside for an answer of a size that is not known yet, after waiting until there is some. One answer of a
    /// connection can always be made, whatever others hold: a client that does not read stops itself only.
    func beginAnswer() async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                state.unbegun.append(continuation)
                return begin(&state)
            }
            for continuation in ready { continuation.resume() }
        }
    }

    /// Those whose turn has come. Whoever has to wait has an answer before it, whose end brings the next turn.
    private func begin(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        var ready: [CheckedContinuation<Void, Never>] = []
        while !state.unbegun.isEmpty,
            state.answerBytes <= 0
                || state.answerBytes + AnswerMemory.expected <= maximumBytes && memory.hasRoom
        {
            count(AnswerMemory.expected, &state)
            ready.append(state.unbegun.removeFirst())
        }
        return ready
    }

    private func count(_ bytes: Int, _ state: inout State) {
        state.answerBytes += bytes
        memory.add(bytes)
    }

    /// Counts the bytes of an answer that was made to those of its request.
    ///
    /// - Parameter isBegun: Whether memory was set aside for it.
    func made(bytes: Int, isBegun: Bool) {
        let ready = state.withLock { state in
            state.bytes += bytes
            count(bytes - (isBegun ? AnswerMemory.expected : 0), &state)
            return begin(&state)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Counts a request out whose answer is sent.
    func leave(_ size: Size) {
        let (waiter, ready) = state.withLock { state in
            state.requests -= 1
            state.bytes -= size.request + size.answer
            count(-size.answer, &state)
            let hasRoom = state.requests < maximumRequests && state.bytes < maximumBytes
            return (hasRoom ? state.waiter.take() : nil, begin(&state))
        }
        waiter?.resume()
        for continuation in ready { continuation.resume() }
    }
}
