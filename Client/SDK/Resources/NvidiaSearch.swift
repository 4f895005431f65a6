import Synchronization

/// The way to NVIDIA's GPUs on this machine, looked for on a thread of its own: both ways may take seconds.
final class NvidiaSearch: Sendable {
    /// What the search has found.
    enum Finding: Sendable {
        /// The library, to be asked at any time.
        case library(NVML)
        /// What the tool said last.
        case tool([GPUReading])
        case nothing
    }

    private struct State {
        var finding: Finding?
        var isRunning = false
        var started: ContinuousClock.Instant?
    }

    private let library: String
    private let tool: NvidiaSMI
    private let state = Mutex(State())

    init(library: String, tool: NvidiaSMI) {
        self.library = library
        self.tool = tool
    }

    /// What is known now; nil while the first search goes on. Starts a search when one is due.
    func finding(at time: ContinuousClock.Instant) -> Finding? {
        let (finding, isDue) = state.withLock { state in
            let isDue = Self.isDue(state, at: time)
            if isDue { (state.isRunning, state.started) = (true, time) }
            return (Self.current(state, at: time), isDue)
        }
        if isDue, !BackgroundThread.start({ self.search() }) { publish(.nothing) }
        return finding
    }

    /// The library is looked for once; the tool is run every five seconds; nothing is looked for again in a minute.
    private static func isDue(_ state: State, at time: ContinuousClock.Instant) -> Bool {
        guard !state.isRunning else { return false }
        let interval: Duration
        switch state.finding {
        case .library: return false
        case .tool: interval = .seconds(5)
        case .nothing, nil: interval = .seconds(60)
        }
        return state.started.map { time - $0 >= interval } ?? true
    }

    /// A tool that hangs in the driver can't even be killed; what it said before is too old then.
    private static func current(_ state: State, at time: ContinuousClock.Instant) -> Finding? {
        if state.isRunning, let started = state.started, time - started > .seconds(10) { return .nothing }
        return state.finding
    }

    private func search() {
        if case .tool = state.withLock({ $0.finding }) {
            publish(tool.readings().map(Finding.tool) ?? .nothing)
        } else if let library = NVML(library: library) {
            publish(.library(library))
        } else {
            publish(tool.readings().map(Finding.tool) ?? .nothing)
        }
    }

    private func publish(_ finding: Finding) {
        state.withLock { state in
            state.finding = finding
            state.isRunning = false
        }
    }
}
