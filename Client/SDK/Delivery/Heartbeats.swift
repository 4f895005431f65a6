import NIOCore
import Synchronization
import Wire

/// Tells the server now and then that the processes of open runs live.
final class Heartbeats: Sendable {
    private let runs = Mutex<[String: (count: Int, start: RunsStart)]>([:])
    private let ticks: Mutex<RepeatedTask?> = Mutex(nil)
    private let calls: Calls

    init(on loop: any EventLoop, every interval: Duration, calls: Calls) {
        self.calls = calls
        let interval = TimeAmount(interval)
        let task = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
            self?.beat()
        }
        ticks.withLock { $0 = task }
    }

    func begin(_ start: RunsStart) {
        runs.withLock { $0[start.runID] = (($0[start.runID]?.count ?? 0) + 1, start) }
    }

    func end(_ runID: String) {
        runs.withLock { runs in
            guard let run = runs[runID] else { return }
            runs[runID] = run.count > 1 ? (run.count - 1, run.start) : nil
        }
    }

    /// How the open runs were started.
    var starts: [RunsStart] { runs.withLock { $0.values.map(\.start) } }

    /// The open run, if there is exactly one.
    var onlyRun: String? { runs.withLock { $0.count == 1 ? $0.keys.first : nil } }

    func stop() { ticks.withLock { $0?.cancel() } }

    private func beat() {
        // A heartbeat that does not arrive is not sent later: it would say that the process lived then.
        for runID in runs.withLock({ $0.keys.sorted() }) { calls.send(RunsHeartbeat(runID: runID)) }
    }
}
