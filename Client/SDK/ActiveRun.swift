import CSpool
import Wire

/// A run that this process writes to; ``Run`` is what the server tells about any.
///
/// Its methods may be called from any thread. None of them throws or waits for the network: a record that can't be
/// stored is counted in ``DeliveryStatistics/rejected`` and reported as a ``DeliveryProblem``.
public struct ActiveRun: Sendable {
    /// The run's id.
    public let id: String
    /// Whether the run existed before; nil when the server had not answered in time.
    public let isResumed: Bool?

    let delivery: Delivery

    init(_ start: RunsStart, isResumed: Bool?, delivery: Delivery) {
        id = start.runID
        self.isResumed = isResumed
        self.delivery = delivery
        delivery.heartbeats.begin(start)
        delivery.monitor?.begin(id)
    }

    /// Ends the run, after everything that was logged before.
    public func finish(_ outcome: RunOutcome = .finished) {
        delivery.heartbeats.end(id)
        delivery.monitor?.end(id)
        delivery.enqueue(RunsFinish(runID: id, status: outcome))
    }

    /// Ends the run and the client that it was made with.
    ///
    /// - Returns: What was not acknowledged within the deadline, and stays in the spool.
    @discardableResult
    public func close(_ outcome: RunOutcome = .finished, deadline: Duration = .seconds(5)) async -> Unsent {
        finish(outcome)
        return await delivery.close(within: deadline)
    }

    /// Closes an episode, after its steps that were logged before.
    public func finishEpisode(_ episode: String, metadata: JSONValue? = nil) {
        let finish = EpisodesFinish(runID: id, episodeID: episode, metadata: metadata)
        delivery.enqueue(finish)
    }

    /// The time of a record that was given none, in UNIX seconds.
    static var now: Double { cspool_now() }
}
