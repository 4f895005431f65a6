import Logging
import NIOCore
import Synchronization
import Wire

/// Sends the spools that other processes left for the same server, or that forked children fill.
final class Drains: Sendable {
    private struct State {
        var senders: [String: Sender] = [:]
        /// Spools of living processes that have nothing more at present.
        var upToDate: Set<String> = []
        var timer: RepeatedTask?
        var isStopped = false
        /// That the token lacks the role: whatever is tried again.
        var refusal: WireError?
        var delivered = Delivered()
    }

    /// What was delivered of spools that are finished.
    struct Delivered {
        var acknowledged = 0
        var rejected = 0
        /// Spools that were set aside.
        var damaged = 0
        /// Spools that can't be opened.
        var unreadable: [String: any Error] = [:]
    }

    /// How many spools are sent at once: each may have as much on its way as a client of its own.
    private static let mostAtOnce = 4
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

    var refusal: WireError? { state.withLock { $0.refusal } }

    var delivered: Delivered { state.withLock { $0.delivered } }

    /// Looks through the folder now and, the first time, every few seconds from now on.
    func start() {
        let isFirst = state.withLock { state in
            guard state.timer == nil, !state.isStopped else { return false }
            state.timer = loop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) {
                [weak self] _ in
                self?.lookAround()
            }
            return true
        }
        if isFirst { loop.execute { self.lookAround() } }
    }

    private func lookAround() {
        SpoolFolder.removeUnfinished(in: directory)
        state.withLock { $0.upToDate = [] }
        scan()
    }

    private func scan() {
        for folder in SpoolFolder.all(in: directory) {
            let isWanted = state.withLock { state in
                !state.isStopped && state.senders[folder.path] == nil && !state.upToDate.contains(folder.path)
                    && state.senders.count < Self.mostAtOnce
            }
            guard isWanted else { continue }
            do {
                guard let queue = try SpoolQueue(left: folder, for: server) else { continue }
                if try queue.followsItsOrigin() { try send(queue) }
            } catch SpoolDamage.state {
                giveUp(folder)
            } catch {
                options.logger.info(
                    "a spool can't be read",
                    metadata: ["spool": "\(folder.path)", "error": "\(error)"]
                )
                state.withLock { $0.delivered.unreadable[folder.path] = error }
            }
        }
    }

    private func send(_ queue: SpoolQueue) throws {
        let path = queue.folder.path
        var options = options
        options.onProblem = { [weak self, report = options.onProblem] problem in
            if let error = problem.error, error.kind == .forbidden { self?.state.withLock { $0.refusal = error } }
            report?(problem)
        }
        let sender = try Sender(on: loop, draining: queue, settings: settings, options: options) { [weak self] in
            self?.finished(path, $0)
        }
        state.withLock { $0.senders[path] = sender }
        sender.wake()
    }

    private func finished(_ path: String, _ standing: SpoolQueue.Standing) {
        state.withLock { state in
            guard let sender = state.senders.removeValue(forKey: path) else { return }
            state.refusal = nil
            state.delivered.acknowledged += sender.intake.statistics.acknowledged
            state.delivered.rejected += sender.intake.statistics.rejected
            switch standing {
            case .done: break
            case .damaged: state.delivered.damaged += 1
            case .upToDate: state.upToDate.insert(path)
            }
        }
        scan()
    }

    /// Of a spool whose state is lost nobody knows what was sent.
    private func giveUp(_ folder: SpoolFolder) {
        guard folder.isAbandoned else { return }
        if folder.isBlank { return folder.remove() }
        let reporter = Reporter(logger: options.logger, onProblem: options.onProblem)
        let message = "what was sent of a spool is not known any more; it was set aside in \(folder.setAside())"
        reporter.report(DeliveryProblem(.damaged, records: 0, message: message))
        state.withLock { $0.delivered.damaged += 1 }
    }

    /// Waits until the server has all that lies in spools now.
    func wait(within time: Duration) async {
        let end = loop.now + time
        await withCheckedContinuation { continuation in
            loop.execute { self.wait(until: end) { continuation.resume() } }
        }
    }

    /// On the loop.
    func wait(until end: NIODeadline, _ done: @escaping @Sendable () -> Void) {
        lookAround()
        check(until: end, done)
    }

    private func check(until end: NIODeadline, _ done: @escaping @Sendable () -> Void) {
        if loop.now >= end || state.withLock({ $0.senders.isEmpty || $0.refusal != nil }) { return done() }
        loop.scheduleTask(in: .milliseconds(5)) { self.check(until: end, done) }
    }

    /// Gives up; what is not sent stays where it is.
    func stop() -> EventLoopFuture<Void> {
        let senders = state.withLock { state in
            state.isStopped = true
            state.timer?.cancel()
            defer { state.senders = [:] }
            return Array(state.senders.values)
        }
        return .andAllComplete(senders.map { $0.stop() }, on: loop)
    }
}
