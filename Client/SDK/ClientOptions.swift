public import Logging

/// Settings of a client; the defaults suit a training process on the server's machine or near it.
public struct ClientOptions: Sendable {
    /// What a log call does while the buffer is full.
    public enum WhenFull: Sendable {
        /// Waits until the server has taken enough; nothing is lost.
        case block
        /// Drops the record, counts it in ``DeliveryStatistics/dropped`` and reports a ``DeliveryProblem``.
        case drop
    }

    /// A batch is sent when it holds this many records.
    public var batchRecords = 100
    /// A batch is sent when it holds this many bytes.
    public var batchBytes = 8 << 20
    /// A batch is sent when its first record is this old.
    public var batchDelay = Duration.seconds(5)

    /// How many bytes of records may wait in memory for the server's acknowledgement.
    public var bufferBytes = 256 << 20
    /// What logging a metric does while the buffer is full.
    public var metricsWhenFull = WhenFull.block
    /// What logging a step or an image does while the buffer is full.
    public var stepsWhenFull = WhenFull.block

    /// How many unanswered requests are on their way at once.
    public var requestsInFlight = 8
    /// How many bytes are on their way at once; one request may pass it.
    public var bytesInFlight = 64 << 20
    /// How long an answer, or any sign of progress, may take before the connection counts as dead.
    public var requestTimeout = Duration.seconds(30)
    /// How long a connection may take to be established.
    public var connectTimeout = Duration.seconds(10)
    /// How long ``HoldfastClient/startRun(_:config:tags:agentID:workerID:compression:)`` waits for the server.
    public var startTimeout = Duration.seconds(5)

    /// The bound of the first random delay before a new attempt; it doubles with each attempt.
    public var firstRetryDelay = Duration.milliseconds(100)
    /// The largest bound of a delay before a new attempt.
    public var longestRetryDelay = Duration.seconds(30)

    /// How often an open run tells the server that its process lives.
    public var heartbeatInterval = Duration.seconds(15)
    /// The `name/version` that the server's log shows for this client.
    public var clientName = "holdfast-swift/0.1.0"

    /// Told of each problem of delivery, on the client's own thread; it must return soon.
    public var onProblem: (@Sendable (DeliveryProblem) -> Void)?
    /// Where problems and connections are logged, at level `info` and below.
    public var logger = Logger(label: "holdfast")

    public init() {}
}
