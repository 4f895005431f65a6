import Logging
import NIOCore
import Synchronization
import Wire

/// Sends the spools that other processes left for the same server, or that forked children fill.
final class Drains: Sendable {
    private struct State {
        var senders: [String: Sender] = [:]
        var timer: RepeatedTask?
        var isStopped = false
        var acknowledged = 0
        var rejected = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// How many spools are sent at once.
    private static let mostAtOnce = 16
    /// How often the folder is looked through.
    private static let interval = TimeAmount.seconds(5)

    private let loop: any EventLoop
    private let directory: String
    /// Whose spools; nil: everyone's.
    private let server: String?
    private let settings: ConnectionSettings
    private let options: ClientOptions
    private let state = Mutex(State())

    init(
        on loop: any EventLoop,
        directory: String,
        server: String?,
        settings: ConnectionSettings,
        options: ClientOptions
    ) {
        self.loop = loop
        self.directory = directory
        self.server = server
        self.settings = settings
        self.options = options
    }

    /// What was delivered of spools that are finished.
    var delivered: (acknowledged: Int, rejected: Int) { state.withLock { ($0.acknowledged, $0.rejected) } }

    /// Looks through the folder now and, the first time, every few seconds from now on.
    func start() {
        let isFirst = state.withLock { state in
            guard state.timer == nil, !state.isStopped else { return false }
            state.timer = loop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) {
                [weak self] _ in
                self?.scan()
            }
            return true
        }
        if isFirst { loop.execute { self.scan() } }
    }

    private func scan() {
        for folder in SpoolFolder.all(in: directory) {
            let isWanted = state.withLock { state in
                !state.isStopped && state.senders[folder.path] == nil && state.senders.count < Self.mostAtOnce
            }
            guard isWanted else { continue }
            do {
                guard let queue = try SpoolQueue(left: folder, for: server) else { continue }
                try send(queue)
            } catch {
                options.logger.debug(
                    "a spool can't be read",
                    metadata: ["spool": "\(folder.path)", "error": "\(error)"]
                )
            }
        }
        let waiters = state.withLock { state in
            guard state.senders.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func send(_ queue: SpoolQueue) throws {
        let path = queue.folder.path
        let sender = try Sender(on: loop, draining: queue, settings: settings, options: options) { [weak self] in
            self?.finished(path)
        }
        state.withLock { $0.senders[path] = sender }
        sender.wake()
    }

    private func finished(_ path: String) {
        state.withLock { state in
            guard let sender = state.senders.removeValue(forKey: path) else { return }
            state.acknowledged += sender.intake.statistics.acknowledged
            state.rejected += sender.intake.statistics.rejected
        }
        scan()
    }

    /// Waits until no spool is left to send that was abandoned by its process.
    func wait(within time: Duration) async {
        let timer = loop.scheduleTask(in: TimeAmount(time)) { self.letGo() }
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiters.append(continuation) }
            loop.execute { self.scan() }
        }
        timer.cancel()
    }

    private func letGo() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Gives up; what is not sent stays where it is.
    func stop() -> EventLoopFuture<Void> {
        let senders = state.withLock { state in
            state.isStopped = true
            state.timer?.cancel()
            defer { state.senders = [:] }
            return Array(state.senders.values)
        }
        letGo()
        return .andAllComplete(senders.map { $0.stop() }, on: loop)
    }
}
