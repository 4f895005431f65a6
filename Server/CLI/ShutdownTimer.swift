import Dispatch
import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Ends the process when a shutdown takes too long, or when a second signal asks for it: a write of minutes can't be
/// interrupted, and what is not committed by then counts as not sent, as after any other end.
enum ShutdownTimer {
    /// The share of the deadline that is left when the process ends itself.
    private static let margin = 0.05
    /// Held for the rest of the process: a source that nobody holds hears no signals.
    private static let sources = Mutex<[any DispatchSourceSignal]>([])

    /// - Parameter deadline: Seconds from now.
    static func start(deadline: Double) {
        // A queue of its own, since the shared threads may be what is busy.
        let queue = DispatchQueue(label: "holdfast.shutdown", qos: .userInteractive)
        queue.asyncAfter(deadline: .now() + deadline * (1 - margin)) {
            Logger(label: "holdfast").warning("the shutdown took too long; what was not committed is not stored")
            _exit(0)
        }
        sources.withLock { sources in
            for signal in [SIGTERM, SIGINT] {
                let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
                source.setEventHandler {
                    Logger(label: "holdfast").warning(
                        "a second signal ends the shutdown; what was not committed is not stored"
                    )
                    _exit(128 + signal)
                }
                source.resume()
                sources.append(source)
            }
        }
    }
}
