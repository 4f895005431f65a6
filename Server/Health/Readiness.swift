import NIOCore
import Synchronization
import Wire

/// Whether the server takes writes now, and if not, why.
final class Readiness: Sendable {
    /// Why it doesn't.
    struct Obstacle: Equatable, Sendable {
        /// `draining`, `disk_full`, `read_only`, or the kind of the error that writes are answered with.
        let reason: String
        let message: String
    }

    /// An answer holds that long: who asks often costs nothing.
    private static let validity = Duration.seconds(1)

    private struct State {
        var isDraining = false
        var checked: (at: ContinuousClock.Instant, obstacle: Obstacle?)?
    }

    private let writer: Writer
    private let directory: DataDirectory
    private let state = Mutex(State())

    init(writer: Writer, directory: DataDirectory) {
        self.writer = writer
        self.directory = directory
    }

    /// From now on nothing new is wanted: what has arrived is answered, then the server ends.
    func drain() { state.withLock { $0.isDraining = true } }

    /// What keeps the server from taking writes; nil: nothing.
    func obstacle() async -> Obstacle? {
        let now = ContinuousClock.now
        let (isDraining, checked) = state.withLock { ($0.isDraining, $0.checked) }
        if isDraining {
            return Obstacle(reason: "draining", message: "the server is shutting down")
        }
        if let checked, now - checked.at < Self.validity { return checked.obstacle }
        let obstacle = await check()
        state.withLock { $0.checked = (now, obstacle) }
        return obstacle
    }

    private func check() async -> Obstacle? {
        switch directory.obstacle() {
        case .full: return Obstacle(reason: "disk_full", message: "the disk of the data directory is full")
        case .readOnly:
            return Obstacle(reason: "read_only", message: "the server may not write to its data directory")
        case nil: break
        }
        guard let error = await writer.trial() else { return nil }
        return Obstacle(reason: error.kind.rawValue, message: error.message)
    }
}
