import CSpool
import Dispatch
import Glibc
import Synchronization

/// Logs what the machine and this process use, at regular intervals, to all open runs of a client.
final class ResourceMonitor: Sendable {
    private struct State {
        var runs: [String: Int] = [:]
        var isRunning = false
        var isStopped = false
    }

    private let intake: Intake
    private let interval: Duration
    private let whenFull: ClientOptions.WhenFull
    private let state = Mutex(State())
    private let end = DispatchSemaphore(value: 0)

    init(intake: Intake, every interval: Duration, whenFull: ClientOptions.WhenFull) {
        self.intake = intake
        self.interval = interval
        self.whenFull = whenFull
    }

    /// Begins to log to a run.
    func begin(_ runID: String) {
        let mustStart = state.withLock { state in
            state.runs[runID, default: 0] += 1
            guard !state.isRunning, !state.isStopped else { return false }
            state.isRunning = true
            return true
        }
        guard mustStart else { return }
        let isStarted = BackgroundThread.start { [weak self, end, interval] in
            var sampler = ResourceSampler()
            var due = ContinuousClock.now
            repeat {
                // The monitor may be gone while this thread sleeps.
                self?.tick(&sampler)
                // From tick to tick, not from the end of one: rates and charts want even distances.
                due = max(due + interval, .now)
            } while end.wait(timeout: .now() + (due - .now).dispatchInterval) == .timedOut
        }
        if !isStarted { state.withLock { $0.isRunning = false } }
    }

    /// Ends logging to a run.
    func end(_ runID: String) {
        state.withLock { state in
            guard let count = state.runs[runID] else { return }
            state.runs[runID] = count > 1 ? count - 1 : nil
        }
    }

    func stop() {
        let mustEnd = state.withLock { state in
            defer { state.isStopped = true }
            return state.isRunning && !state.isStopped
        }
        if mustEnd { end.signal() }
    }

    deinit { stop() }

    private func tick(_ sampler: inout ResourceSampler) {
        let runs = state.withLock { Array($0.runs.keys) }
        guard !runs.isEmpty else { return }
        let time = cspool_now()
        let samples = sampler.sample()
        // Taking them can last: a run that ended meanwhile wants no more.
        let open = state.withLock { Set($0.runs.keys) }
        for runID in runs where open.contains(runID) {
            for sample in samples {
                let record = ResourceRecord(
                    runID: runID,
                    type: sample.type,
                    name: sample.name,
                    value: sample.value,
                    unit: sample.unit,
                    hostname: Host.name,
                    processID: Int64(getpid()),
                    timestamp: time
                )
                intake.add(record, whenFull: whenFull)
            }
        }
    }
}

extension Duration {
    fileprivate var dispatchInterval: DispatchTimeInterval { .nanoseconds(max(0, Int(seconds * 1e9))) }
}

/// The machine that this process runs on.
enum Host {
    static let name: String = {
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}
