import Synchronization

/// The memory that requests of all connections together may take.
final class MemoryBudget: Sendable {
    private struct State {
        var available: Int
        var waiting: [(bytes: Int, resume: @Sendable (Reservation) -> Void)] = []
    }

    /// Memory that is given back when nobody holds the reservation any more.
    final class Reservation: Sendable {
        private let bytes: Int
        private let budget: MemoryBudget

        fileprivate init(bytes: Int, budget: MemoryBudget) {
            self.bytes = bytes
            self.budget = budget
        }

        deinit { budget.give(back: bytes) }
    }

    private let total: Int
    private let state: Mutex<State>

    init(bytes: Int) {
        total = bytes
        state = Mutex(State(available: bytes))
    }

    /// Reserves memory for a whole request, at once or when others have given some back; `resume` is called in either case.
    func reserve(_ bytes: Int, resume: @escaping @Sendable (Reservation) -> Void) {
        // More than there is could never be granted; the frame limits keep requests below the budget.
        let bytes = min(bytes, total)
        let isGranted = state.withLock { state in
            guard state.waiting.isEmpty, state.available >= bytes else {
                state.waiting.append((bytes, resume))
                return false
            }
            state.available -= bytes
            return true
        }
        if isGranted { resume(Reservation(bytes: bytes, budget: self)) }
    }

    private func give(back bytes: Int) {
        let granted = state.withLock { state in
            state.available += bytes
            var granted: [(bytes: Int, resume: @Sendable (Reservation) -> Void)] = []
            while let next = state.waiting.first, next.bytes <= state.available {
                state.available -= next.bytes
                granted.append(state.waiting.removeFirst())
            }
            return granted
        }
        for next in granted { next.resume(Reservation(bytes: next.bytes, budget: self)) }
    }
}
