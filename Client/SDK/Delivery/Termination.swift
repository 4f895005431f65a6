import CSpool
import Dispatch
import Glibc
import Synchronization

/// Sends what is in the spools before SIGTERM or Ctrl-C ends the process, where the program does not handle them itself.
final class Termination: Sendable {
    static let shared = Termination()

    /// How long that may take; what is not sent by then stays in the spool.
    private static let patience = Duration.seconds(5)

    private final class Entry: Sendable {
        let delivery: WeakDelivery
        init(_ delivery: Delivery) { self.delivery = WeakDelivery(delivery) }
    }

    private struct WeakDelivery: @unchecked Sendable {  // read under the lock, and weak references are atomic
        weak var delivery: Delivery?
        init(_ delivery: Delivery) { self.delivery = delivery }
    }

    private struct State {
        var deliveries: [Entry] = []
        var isListening = false
    }

    private let state = Mutex(State())

    /// Has a client's records sent before the process ends.
    func add(_ delivery: Delivery) {
        let mustListen = state.withLock { state in
            state.deliveries.removeAll { $0.delivery.delivery == nil }
            state.deliveries.append(Entry(delivery))
            defer { state.isListening = true }
            return !state.isListening
        }
        if mustListen { listen() }
    }

    private func listen() {
        var ends: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else {
            return
        }
        let (receiver, sender) = (ends[0], ends[1])
        guard cspool_catch_termination(sender) > 0 else {
            close(receiver)
            close(sender)
            return
        }
        _ = BackgroundThread.start { [self] in
            var number: UInt8 = 0
            while true {
                let count = unsafe read(receiver, &number, 1)
                if count == 1 { break }
                if count < 0, errno != EINTR { return }
            }
            flush()
            cspool_end_by(Int32(number))
        }
    }

    /// Sends what there is. The thread waits, since the process must not end before.
    private func flush() {
        let deliveries = state.withLock { $0.deliveries.compactMap(\.delivery.delivery) }
        let done = DispatchGroup()
        for delivery in deliveries {
            done.enter()
            delivery.endProcess(within: Self.patience) { done.leave() }
        }
        // A callback of the user may block a client's thread; the process ends all the same.
        _ = done.wait(timeout: .now() + .seconds(6))
    }
}
